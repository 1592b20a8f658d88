namespace Gqn.Native.Kernels.Shapes;

/// <summary>Sizes of a product of sparse and dense matrices, image by image.</summary>
/// <param name="Images">N, the number of images.</param>
/// <param name="Rows">Pixels of an image of the result.</param>
/// <param name="Columns">Pixels of an image of the source.</param>
/// <param name="Entries">Room for the entries of an image's sparse matrix.</param>
/// <param name="Channels">Channels of source and result.</param>
public readonly record struct GatherShape(int Images, int Rows, int Columns, int Entries, int Channels);
