namespace Gqn.Native.Data;

/// <summary>Which scene of a <see cref="SceneSource"/>: a record of a file, or, where scenes have no files, a number of
/// 64 bits in two halves.</summary>
/// <param name="File">The file's place in its set, or the upper half.</param>
/// <param name="Record">The scene's place in its file, or the lower half.</param>
internal readonly record struct SceneReference(int File, int Record)
{
    /// <summary>Both halves as one number.</summary>
    public ulong Index => ((ulong)(uint)File << 32) | (uint)Record;

    /// <summary>The reference of a number.</summary>
    public static SceneReference Of(ulong index) => new((int)(index >> 32), (int)index);
}

/// <summary>The files that the scenes of a finite set are in.</summary>
internal interface ISceneFiles
{
    /// <summary>How many files there are.</summary>
    int Count { get; }

    /// <summary>How many scenes a file has.</summary>
    /// <exception cref="DatasetException">The file is damaged or cannot be read.</exception>
    int CountScenes(int file);
}
