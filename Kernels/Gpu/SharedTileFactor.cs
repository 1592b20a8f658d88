using System.Runtime.CompilerServices;
using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>What an item carries of one factor's slices from memory to shared memory: one, two or four quads.</summary>
/// <remarks>Extents and numbers of items are constants of the tile's shape: what is not needed is compiled away.</remarks>
internal struct SharedTileFactor<TWalk, TOperand>
    where TWalk : struct, ISharedTileWalk
    where TOperand : struct, ISharedTileOperand<TWalk>
{
    private TOperand _first, _second, _third, _fourth;
    private Quad _quad0, _quad1, _quad2, _quad3;

    /// <summary>Goes to the walk's first slice and loads.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Begin(TOperand operand, in TWalk walk, int first, int extent, int items)
    {
        (_first, _second, _third, _fourth) = (operand, operand, operand, operand);
        int step = OuterStep(extent, items), innerStep = InnerStep(extent, items);
        int outer = first + Outer(extent), inner = Inner(extent);
        _first.Begin(walk, outer, inner);
        if (Quads(extent, items) > 1)
            _second.Begin(walk, outer + step, inner + innerStep);
        if (Quads(extent, items) > 2)
        {
            _third.Begin(walk, outer + (2 * step), inner + (2 * innerStep));
            _fourth.Begin(walk, outer + (3 * step), inner + (3 * innerStep));
        }

        Load(walk, extent, items);
    }

    /// <summary>Follows the walk and loads.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Next(in TWalk walk, bool jumped, int extent, int items)
    {
        _first.Next(walk, jumped);
        if (Quads(extent, items) > 1)
            _second.Next(walk, jumped);
        if (Quads(extent, items) > 2)
        {
            _third.Next(walk, jumped);
            _fourth.Next(walk, jumped);
        }

        Load(walk, extent, items);
    }

    /// <summary>Stores what was loaded as rows of the tile's extent, one per element of the slice.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store(ArrayView<float> slices, int at, int pitch, int extent, int items)
    {
        at += (Inner(extent) * pitch) + Outer(extent);
        int step = (InnerStep(extent, items) * pitch) + OuterStep(extent, items);
        Store(slices, at, pitch, _quad0);
        if (Quads(extent, items) > 1)
            Store(slices, at + step, pitch, _quad1);
        if (Quads(extent, items) > 2)
        {
            Store(slices, at + (2 * step), pitch, _quad2);
            Store(slices, at + (3 * step), pitch, _quad3);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(ArrayView<float> slices, int at, int pitch, Quad quad)
    {
        if (TOperand.AlongInner)
        {
            slices[at] = quad.X;
            slices[at + pitch] = quad.Y;
            slices[at + (2 * pitch)] = quad.Z;
            slices[at + (3 * pitch)] = quad.W;
        }
        else
        {
            slices.Cast<Quad>()[at >> 2] = quad;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Load(in TWalk walk, int extent, int items)
    {
        _quad0 = _first.Load(walk);
        if (Quads(extent, items) > 1)
            _quad1 = _second.Load(walk);
        if (Quads(extent, items) > 2)
        {
            _quad2 = _third.Load(walk);
            _quad3 = _fourth.Load(walk);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Quads(int extent, int items) => extent * SharedTile.Depth / (Quad.Length * items);

    // Two items side by side read 32 bytes of a row; where rows lie along the tile, items side by side read on.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Outer(int extent) =>
        TOperand.AlongInner ? Group.IdxX / 2 : Group.IdxX % (extent / Quad.Length) * Quad.Length;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Inner(int extent) =>
        TOperand.AlongInner ? Group.IdxX % 2 * Quad.Length : Group.IdxX / (extent / Quad.Length);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int OuterStep(int extent, int items) => TOperand.AlongInner ? items / 2 : 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int InnerStep(int extent, int items) => TOperand.AlongInner ? 0 : items / (extent / Quad.Length);
}
