namespace Gqn.Native.Data;

/// <summary>Identifies a scene of a <see cref="SceneSource"/>: a record of a file or, if the source has no files, a
/// 64-bit number in two halves.</summary>
/// <param name="File">The index of the file in its set, or the upper half.</param>
/// <param name="Record">The index of the scene in its file, or the lower half.</param>
internal readonly record struct SceneReference(int File, int Record)
{
    /// <summary>Both halves as one 64-bit number.</summary>
    public ulong Index => ((ulong)(uint)File << 32) | (uint)Record;

    /// <summary>The reference to the scene of a 64-bit number.</summary>
    public static SceneReference Of(ulong index) => new((int)(index >> 32), (int)index);
}

/// <summary>The files of a finite set of scenes.</summary>
internal interface ISceneFiles
{
    /// <summary>The name of the set in error messages.</summary>
    string Path { get; }

    /// <summary>The number of files.</summary>
    int Count { get; }

    /// <summary>The number of scenes in a file.</summary>
    /// <exception cref="DatasetException">The file is damaged or cannot be read.</exception>
    int CountScenes(int file);
}
