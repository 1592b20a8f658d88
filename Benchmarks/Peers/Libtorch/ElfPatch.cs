using System.Buffers.Binary;
using System.Text;

namespace Gqn.Native.Peers.Libtorch;

/// <summary>Lets TorchSharp's library load if the C++ runtime is older than GCC 13's (Debian 12).</summary>
/// <remarks>
/// The library imports one symbol of that runtime, which initialises the standard streams. Everything that it loads was
/// built by older compilers and initialises them as well, so the call may do nothing: the import is renamed to a
/// harmless function without arguments that the library imports anyway, and the dependency on the new version is marked
/// weak. Only the copy in the output folder changes; a patched library, or one that needs no patch, is left alone.
/// </remarks>
internal sealed class ElfPatch
{
    private const string Library = "libLibTorchSharp.so";
    private const string Import = "_ZSt21ios_base_library_initv";
    private const string Replacement = "_ZNSt6chrono3_V212steady_clock3nowEv";
    private const string Version = "GLIBCXX_3.4.32";

    // Constants of the 64-bit ELF format: section types, record sizes, the flag of a weak dependency.
    private const uint DynamicSymbols = 11, VersionNeeds = 0x6FFFFFFE, SymbolVersions = 0x6FFFFFFF;
    private const int SymbolSize = 24, VersionSize = 2;
    private const ushort WeakNeed = 2;

    private readonly byte[] _elf;

    private ElfPatch(byte[] elf) => _elf = elf;

    /// <summary>Patches the library below the output folder. Call it before the first use of TorchSharp.</summary>
    public static void ApplyToOutput()
    {
        string output = AppContext.BaseDirectory;
        foreach (string path in Directory.EnumerateFiles(output, Library, SearchOption.AllDirectories))
        {
            byte[] elf = File.ReadAllBytes(path);
            if (!elf.AsSpan().StartsWith("\u007FELF"u8) || !new ElfPatch(elf).Apply())
                continue;
            string temporary = path + ".tmp";
            File.WriteAllBytes(temporary, elf);
            File.Move(temporary, path, overwrite: true);
        }
    }

    private bool Apply()
    {
        long symbolSection = Section(DynamicSymbols), symbols = SectionOffset(symbolSection);
        long names = SectionOffset(SectionAt(UInt32(symbolSection + 40)));
        long count = Int64(symbolSection + 32) / SymbolSize;
        long import = Find(Import), replacement = Find(Replacement);
        if (import < 0 || replacement < 0)
            return false;

        long versions = SectionOffset(Section(SymbolVersions));
        Copy(symbols + (replacement * SymbolSize), symbols + (import * SymbolSize), sizeof(uint));
        Copy(versions + (replacement * VersionSize), versions + (import * VersionSize), VersionSize);
        WeakenNeeds(names);
        return true;

        long Find(string name)
        {
            for (long i = 0; i < count; i++)
            {
                if (IsName(names + UInt32(symbols + (i * SymbolSize)), name))
                    return i;
            }

            return -1;
        }
    }

    /// <summary>Each needed library has a list of the versions needed of it.</summary>
    private void WeakenNeeds(long names)
    {
        long section = Section(VersionNeeds), library = SectionOffset(section);
        for (uint libraries = UInt32(section + 44); libraries > 0; libraries--)
        {
            long need = library + UInt32(library + 8);
            for (int needs = UInt16(library + 2); needs > 0; needs--)
            {
                if (IsName(names + UInt32(need + 8), Version))
                    BinaryPrimitives.WriteUInt16LittleEndian(At(need + 4), (ushort)(UInt16(need + 4) | WeakNeed));
                need += UInt32(need + 12);
            }

            library += UInt32(library + 12);
        }
    }

    private long Section(uint type)
    {
        int count = UInt16(0x3C);
        for (uint i = 0; i < count; i++)
        {
            if (UInt32(SectionAt(i) + 4) == type)
                return SectionAt(i);
        }

        throw new InvalidDataException($"{Library}: there is no section of type {type:X}.");
    }

    private long SectionAt(uint index) => Int64(0x28) + (index * UInt16(0x3A));

    private long SectionOffset(long section) => Int64(section + 24);

    private bool IsName(long at, string name) => At(at).StartsWith(Encoding.ASCII.GetBytes(name + '\0'));

    private void Copy(long from, long to, int count) => At(from)[..count].CopyTo(At(to));

    private Span<byte> At(long at) => _elf.AsSpan((int)at);

    private long Int64(long at) => BinaryPrimitives.ReadInt64LittleEndian(At(at));

    private uint UInt32(long at) => BinaryPrimitives.ReadUInt32LittleEndian(At(at));

    private ushort UInt16(long at) => BinaryPrimitives.ReadUInt16LittleEndian(At(at));
}
