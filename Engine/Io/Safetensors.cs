using System.Globalization;
using System.Text;

namespace Gqn.Native.Engine.Io;

/// <summary>
/// The safetensors format: 8 bytes of little-endian header length, a JSON header, the tensors' little-endian data.
/// </summary>
/// <remarks>
/// The header maps each name to <c>{"dtype", "shape", "data_offsets": [begin, end]}</c>, offsets counting from the end
/// of the header, and <c>__metadata__</c> to an object of strings. The ranges leave no gap and do not overlap.
/// <para>
/// Files of <see cref="SafetensorsWriter"/> carry three more metadata entries: <c>"checksum": "crc32c"</c>, and two
/// check values of eight lower-case hexadecimal digits. <c>"crc32c"</c> is the CRC32C of the whole file, length and
/// header included, with the digits of both taken as zeros. The first two entries require each other, so no change of a
/// single byte can turn a checked file into an unchecked one.
/// </para>
/// <para>
/// <c>"crc32c.content"</c> does not depend on how the header is written or in what order tensors lie: it is the sum,
/// modulo 2³², of the CRC32C of every other metadata entry (key, zero byte, value) and of every tensor (name, dtype and
/// dimensions with commas between them, each followed by a zero byte, then the data). A file that agrees with it alone
/// was written again by another program, and is whole.
/// </para>
/// </remarks>
public static class Safetensors
{
    /// <summary>The largest header that readers of this format accept, in bytes.</summary>
    public const int MaxHeaderLength = 100_000_000;

    internal const string MetadataKey = "__metadata__";
    internal const string SchemeKey = "checksum";
    internal const string Scheme = "crc32c";
    internal const string DigitsKey = "crc32c";
    internal const string ContentKey = "crc32c.content";

    /// <summary>Placeholder of the digits while the check value is computed.</summary>
    internal static ReadOnlySpan<byte> ZeroDigits => "00000000"u8;

    /// <summary>Opens a file, checks its whole structure, and its check value if it has one.</summary>
    /// <exception cref="SafetensorsException">The file cannot be opened, breaks the format, or is damaged.</exception>
    public static SafetensorsReader Open(string path) => new(path);

    internal static string Digits(uint crc) => crc.ToString("x8", CultureInfo.InvariantCulture);

    /// <summary>What a metadata entry contributes to the check value of the content.</summary>
    internal static uint ContentOf(string key, string value) => Crc32C.Of(Encoding.UTF8.GetBytes($"{key}\0{value}"));

    /// <summary>What a tensor contributes to the check value of the content, before its data are appended.</summary>
    internal static uint ContentOf(string name, string dtype, IEnumerable<long> shape) =>
        Crc32C.Of(Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $"{name}\0{dtype}\0{string.Join(',', shape)}\0")));
}
