using System.Runtime.CompilerServices;
using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>What an item moves of one factor's slices from global to shared memory: one, two or four quads.</summary>
/// <remarks>Extents and numbers of items are constants of the tile's shape, so unused branches are removed.</remarks>
internal struct SharedTileFactor<TWalk, TOperand>
    where TWalk : struct, ISharedTileWalk
    where TOperand : struct, ISharedTileOperand<TWalk>
{
    private TOperand _first, _second, _third, _fourth;
    private Quad _quad0, _quad1, _quad2, _quad3;
    private int _target;

    /// <summary>Moves to the walk's first slice.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Begin(TOperand operand, in TWalk walk, int first, int pitch, int extent, int items)
    {
        (_first, _second, _third, _fourth) = (operand, operand, operand, operand);
        int step = OuterStep(extent, items), innerStep = InnerStep(extent, items);
        int outer = first + Outer(extent), inner = Inner(extent);
        _target = (inner * pitch) + outer - first;
        _first.Begin(walk, outer, inner);
        if (Quads(extent, items) > 1)
            _second.Begin(walk, outer + step, inner + innerStep);
        if (Quads(extent, items) > 2)
        {
            _third.Begin(walk, outer + (2 * step), inner + (2 * innerStep));
            _fourth.Begin(walk, outer + (3 * step), inner + (3 * innerStep));
        }
    }

    /// <inheritdoc cref="ISharedTileOperand{TWalk}.Step" />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Step(in TWalk walk, int extent, int items)
    {
        _first.Step(walk);
        if (Quads(extent, items) > 1)
            _second.Step(walk);
        if (Quads(extent, items) > 2)
        {
            _third.Step(walk);
            _fourth.Step(walk);
        }
    }

    /// <inheritdoc cref="ISharedTileOperand{TWalk}.Jump" />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Jump(in TWalk walk, int extent, int items)
    {
        _first.Jump(walk);
        if (Quads(extent, items) > 1)
            _second.Jump(walk);
        if (Quads(extent, items) > 2)
        {
            _third.Jump(walk);
            _fourth.Jump(walk);
        }
    }

    /// <inheritdoc cref="ISharedTileOperand{TWalk}.Load" />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Load(in TWalk walk, int extent, int items)
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

    /// <summary>
    /// Stores what was loaded as rows of the tile's extent, one per element of the slice, then advances to the place of
    /// the next slice.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(ArrayView<float> slices, int pitch, int extent, int items, int move)
    {
        int step = (InnerStep(extent, items) * pitch) + OuterStep(extent, items);
        var target = slices.SubView(_target);
        var quads = slices.Cast<Quad>().SubView(_target >> 2);
        Store(target, quads, 0, pitch, _quad0);
        if (Quads(extent, items) > 1)
            Store(target, quads, step, pitch, _quad1);
        if (Quads(extent, items) > 2)
        {
            Store(target, quads, 2 * step, pitch, _quad2);
            Store(target, quads, 3 * step, pitch, _quad3);
        }

        _target += move;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(ArrayView<float> target, ArrayView<Quad> quads, int at, int pitch, Quad quad)
    {
        if (TOperand.AlongInner)
        {
            target[at] = quad.X;
            target[at + pitch] = quad.Y;
            target[at + (2 * pitch)] = quad.Z;
            target[at + (3 * pitch)] = quad.W;
        }
        else
        {
            quads[at >> 2] = quad;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Quads(int extent, int items) => extent * SharedTile.Depth / (Quad.Length * items);

    // If rows run along the reduction axis, two adjacent items read 32 bytes of a row; else adjacent items read on.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Outer(int extent) =>
        TOperand.AlongInner ? Group.IdxX >> 1 : (Group.IdxX & ((extent / Quad.Length) - 1)) * Quad.Length;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Inner(int extent) =>
        TOperand.AlongInner ? (Group.IdxX & 1) * Quad.Length : Group.IdxX / (extent / Quad.Length);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int OuterStep(int extent, int items) => TOperand.AlongInner ? items / 2 : 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int InnerStep(int extent, int items) => TOperand.AlongInner ? 0 : items / (extent / Quad.Length);
}
