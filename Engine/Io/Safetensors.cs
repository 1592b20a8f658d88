using System.Globalization;

namespace Gqn.Native.Engine.Io;

/// <summary>
/// The safetensors format: 8 bytes of little-endian header length, a JSON header, the tensors' little-endian data.
/// </summary>
/// <remarks>
/// The header maps each name to <c>{"dtype", "shape", "data_offsets": [begin, end]}</c>, offsets counting from the end
/// of the header, and <c>__metadata__</c> to an object of strings. The ranges leave no gap and do not overlap.
/// <para>
/// Files of <see cref="SafetensorsWriter"/> carry two more metadata entries: <c>"checksum": "crc32c"</c> and
/// <c>"crc32c"</c>, eight lower-case hexadecimal digits. These are the CRC32C of the whole file, length and header
/// included, with the digits themselves taken as zeros. Either entry requires the other, so no change of a single byte
/// can turn a checked file into an unchecked one.
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

    /// <summary>Placeholder of the digits while the check value is computed.</summary>
    internal static ReadOnlySpan<byte> ZeroDigits => "00000000"u8;

    /// <summary>Opens a file, checks its whole structure, and its check value if it has one.</summary>
    /// <exception cref="SafetensorsException">The file cannot be opened, breaks the format, or is damaged.</exception>
    public static SafetensorsReader Open(string path) => new(path);

    internal static string Digits(uint crc) => crc.ToString("x8", CultureInfo.InvariantCulture);
}
