using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Gqn.Native.Engine.Io;

/// <summary>An open <see cref="Safetensors"/> file whose structure has been checked.</summary>
/// <remarks>
/// Nothing that the file claims is trusted before it agrees with the file's length, so a damaged or hostile file costs
/// no more memory than its own header. Not thread-safe.
/// </remarks>
public sealed class SafetensorsReader : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly Dictionary<string, SafetensorsEntry> _byName = new(StringComparer.Ordinal);
    private readonly long _dataStart;

    internal SafetensorsReader(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Path = path;
        try
        {
            _file = File.OpenHandle(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            string problem = error switch
            {
                FileNotFoundException or DirectoryNotFoundException => "there is no such file",
                UnauthorizedAccessException => Directory.Exists(path) ? "it is a folder" : "it may not be read",
                _ => "it cannot be opened",
            };
            throw new SafetensorsException(path, problem, error);
        }

        try
        {
            byte[] start = ReadStart(out long length);
            _dataStart = start.Length;
            var header = SafetensorsHeader.Parse(start.AsSpan(8));
            Tensors = header.Tensors;
            Metadata = header.Metadata;
            CheckRanges(header.Tensors, length - _dataStart);
            foreach (var tensor in Tensors)
                _byName.Add(tensor.Name, tensor);
            (IsChecked, IsRewritten) = CheckCrc(header, start);
        }
        catch (SafetensorsHeader.Fault fault)
        {
            _file.Dispose();
            throw new SafetensorsException(path, fault.Message);
        }
        catch (NotSupportedException error)
        {
            _file.Dispose();
            throw new SafetensorsException(path, "it has no length, so it is no regular file", error);
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>The file's path as it was given.</summary>
    public string Path { get; }

    /// <summary>Whether the file carries check values; if so, the content agrees with them.</summary>
    public bool IsChecked { get; }

    /// <summary>Whether another program wrote a checked file again: its content is whole, but its bytes differ.</summary>
    public bool IsRewritten { get; }

    /// <summary>The tensors, in the order of their data.</summary>
    public IReadOnlyList<SafetensorsEntry> Tensors { get; }

    /// <summary>The metadata, without the entries that belong to the check value.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>The tensor called <paramref name="name"/>.</summary>
    /// <exception cref="SafetensorsException">The file has no such tensor.</exception>
    public SafetensorsEntry this[string name] => _byName.TryGetValue(name, out var tensor)
        ? tensor
        : throw new SafetensorsException(Path, $"there is no tensor '{name}' in it");

    /// <summary>Whether the file has a tensor called <paramref name="name"/>.</summary>
    public bool Contains(string name) => _byName.ContainsKey(name);

    /// <summary>Reads an F32 tensor, or an F16 one, all of whose values are floats; last dimension fastest.</summary>
    /// <exception cref="SafetensorsException">The tensor is missing or of another type, or reading fails.</exception>
    /// <exception cref="ArgumentException">The destination does not have the tensor's number of elements.</exception>
    public void Read(string name, Span<float> destination)
    {
        if (this[name].DType == "F16")
            ReadHalves(name, destination);
        else
            Read(name, "F32", MemoryMarshal.AsBytes(destination));
    }

    /// <inheritdoc cref="Read(string, Span{float})"/>
    /// <summary>Reads a U8 tensor, last dimension fastest.</summary>
    public void Read(string name, Span<byte> destination) => Read(name, "U8", destination);

    /// <inheritdoc cref="Read(string, Span{float})"/>
    /// <summary>Reads an I64 tensor, last dimension fastest.</summary>
    public void Read(string name, Span<long> destination) => Read(name, "I64", MemoryMarshal.AsBytes(destination));

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void Read(string name, string dtype, Span<byte> destination)
    {
        var tensor = this[name];
        if (tensor.DType != dtype)
            throw new SafetensorsException(Path, $"tensor '{name}' is {tensor.DType}, not {dtype}");
        RequireCount(tensor, destination.Length / SafetensorsEntry.ElementSize(dtype));
        ReadAt(_dataStart + tensor.Begin, destination);
    }

    private void ReadHalves(string name, Span<float> destination)
    {
        var tensor = this[name];
        RequireCount(tensor, destination.Length);
        Span<Half> chunk = new Half[Math.Min(destination.Length, 1 << 15)];
        for (int done = 0; done < destination.Length; done += chunk.Length)
        {
            var piece = chunk[..Math.Min(chunk.Length, destination.Length - done)];
            ReadAt(_dataStart + tensor.Begin + ((long)done * sizeof(ushort)), MemoryMarshal.AsBytes(piece));
            for (int i = 0; i < piece.Length; i++)
                destination[done + i] = (float)piece[i];
        }
    }

    private static void RequireCount(SafetensorsEntry tensor, int destination)
    {
        if (tensor.Count != destination)
        {
            throw new ArgumentException(
                $"Tensor '{tensor.Name}' has {tensor.Count} elements, but the destination has {destination}.",
                nameof(destination));
        }
    }

    private void ReadAt(long offset, Span<byte> destination)
    {
        try
        {
            while (!destination.IsEmpty)
            {
                int count = RandomAccess.Read(_file, destination, offset);
                if (count == 0)
                    throw new SafetensorsException(Path, $"it ends at byte {offset}, too early");
                destination = destination[count..];
                offset += count;
            }
        }
        catch (Exception error) when (error is UnauthorizedAccessException or IOException and not SafetensorsException)
        {
            throw new SafetensorsException(Path, $"it cannot be read at byte {offset}", error);
        }
    }

    /// <summary>Reads the length and the header, after comparing the length with that of the file.</summary>
    private byte[] ReadStart(out long fileLength)
    {
        fileLength = RandomAccess.GetLength(_file);
        if (fileLength < 8)
            throw new SafetensorsHeader.Fault($"{fileLength} bytes are too few for a header length");
        Span<byte> prefix = stackalloc byte[8];
        ReadAt(0, prefix);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > Safetensors.MaxHeaderLength || (long)length > fileLength - 8)
            throw new SafetensorsHeader.Fault($"a header of {length} bytes does not fit a file of {fileLength} bytes");
        byte[] start = new byte[8 + (int)length];
        ReadAt(0, start);
        return start;
    }

    /// <summary>Sorts the tensors by offset and checks that they fill the data without gap or overlap.</summary>
    private static void CheckRanges(List<SafetensorsEntry> tensors, long dataLength)
    {
        tensors.Sort((a, b) => (a.Begin, a.End).CompareTo((b.Begin, b.End)) is var order and not 0
            ? order
            : string.CompareOrdinal(a.Name, b.Name));
        long end = 0;
        foreach (var tensor in tensors)
        {
            if (tensor.Begin != end)
                throw new SafetensorsHeader.Fault($"tensor '{tensor.Name}' begins at {tensor.Begin}, not at {end}");
            end = tensor.End;
        }

        if (end != dataLength)
            throw new SafetensorsHeader.Fault($"the tensors take {end} bytes of data, but {dataLength} are present");
    }

    /// <summary>Compares the file with its check values.</summary>
    /// <returns>Whether it has them, and whether it agrees with that of the content alone.</returns>
    private (bool IsChecked, bool IsRewritten) CheckCrc(SafetensorsHeader header, byte[] start)
    {
        bool hasScheme = header.Metadata.Remove(Safetensors.SchemeKey, out string? scheme);
        bool hasDigits = header.Metadata.Remove(Safetensors.DigitsKey, out string? digits);
        if (!hasDigits && scheme != Safetensors.Scheme)
        {
            // An entry of that name by another writer is ordinary metadata.
            if (hasScheme)
                header.Metadata.Add(Safetensors.SchemeKey, scheme!);
            return (false, false);
        }

        bool hasContent = header.Metadata.Remove(Safetensors.ContentKey, out string? contentDigits);
        if (!hasDigits || scheme != Safetensors.Scheme || header.DigitsAt < 0
            || (hasContent && header.ContentDigitsAt < 0))
        {
            throw new SafetensorsHeader.Fault("its check value is incomplete, so the file is damaged");
        }

        Safetensors.ZeroDigits.CopyTo(start.AsSpan(8 + header.DigitsAt));
        if (hasContent)
            Safetensors.ZeroDigits.CopyTo(start.AsSpan(8 + header.ContentDigitsAt));
        (uint crc, uint content) = ComputeCrc(header, start);
        bool agrees = Safetensors.Digits(crc) == digits;
        if (hasContent ? Safetensors.Digits(content) == contentDigits : agrees)
            return (true, !agrees);
        throw new SafetensorsHeader.Fault(hasContent || agrees
            ? "its content disagrees with its check value, so the file is damaged"
            : "its content disagrees with its check value, so the file is damaged; if another program wrote it again "
                + "and you trust it, remove 'checksum' and 'crc32c' from its metadata, and it is read unchecked");
    }

    /// <summary>Computes both check values in one pass over the file.</summary>
    /// <param name="header">The header; its metadata are without the check values.</param>
    /// <param name="start">The length and the header, with zeros as digits.</param>
    private (uint File, uint Content) ComputeCrc(SafetensorsHeader header, byte[] start)
    {
        uint crc = Crc32C.Of(start), content = 0;
        foreach ((string key, string value) in header.Metadata)
            content += Safetensors.ContentOf(key, value);
        long longest = 0;
        foreach (var tensor in header.Tensors)
            longest = Math.Max(longest, tensor.Bytes);
        byte[] chunk = new byte[(int)Math.Min(1 << 20, longest)];
        // The tensors lie in this order, without gaps.
        foreach (var tensor in header.Tensors)
        {
            uint tensorCrc = Safetensors.ContentOf(tensor.Name, tensor.DType, tensor.Shape);
            for (long at = tensor.Begin; at < tensor.End; at += chunk.Length)
            {
                var piece = chunk.AsSpan(0, (int)Math.Min(chunk.Length, tensor.End - at));
                ReadAt(_dataStart + at, piece);
                crc = Crc32C.Append(crc, piece);
                tensorCrc = Crc32C.Append(tensorCrc, piece);
            }

            content += tensorCrc;
        }

        return (crc, content);
    }
}
