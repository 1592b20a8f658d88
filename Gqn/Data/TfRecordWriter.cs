using System.Buffers.Binary;
using Gqn.Native.Engine.Io;

namespace Gqn.Native.Data;

/// <summary>Writes records to a TFRecord stream.</summary>
/// <param name="stream">Receives the records; it is left open.</param>
public sealed class TfRecordWriter(Stream stream)
{
    private readonly byte[] _header = new byte[TfRecordFraming.HeaderLength];

    /// <summary>Appends a record.</summary>
    /// <param name="data">The data, at most <see cref="TfRecordReader.MaxRecordLength"/> bytes.</param>
    /// <exception cref="ArgumentException">The data are longer.</exception>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public void Write(ReadOnlySpan<byte> data)
    {
        if (data.Length > TfRecordReader.MaxRecordLength)
        {
            throw new ArgumentException(
                $"A record of {data.Length} bytes is longer than the {TfRecordReader.MaxRecordLength} allowed.",
                nameof(data));
        }

        TfRecordFraming.WriteHeader(_header, data.Length);
        stream.Write(_header);
        stream.Write(data);
        var footer = _header.AsSpan(0, TfRecordFraming.FooterLength);
        BinaryPrimitives.WriteUInt32LittleEndian(footer, Crc32C.Masked(data));
        stream.Write(footer);
    }
}
