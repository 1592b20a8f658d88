using System.Numerics;
using System.Runtime.Intrinsics;

namespace Gqn.Native.Scenes;

/// <summary>A two-tone checker pattern, averaged analytically over a pixel's footprint, so that it needs no
/// supersampling and fades into its mean at a distance.</summary>
/// <remarks>
/// The tone at (x, y) is 1 − contrast · (1 − s(x) · s(y)) / 2, where s is a square wave: +1 on [0, tile), −1 on
/// [tile, 2·tile) and so on. Its average over a rectangle is the product of the averages of both waves.
/// </remarks>
internal readonly struct CheckerPattern(float tile, float contrast)
{
    private readonly float _frequency = .5f / tile;
    private readonly float _half = contrast / 2;

    /// <summary>How much darker the dark squares are.</summary>
    public float Contrast => 2 * _half;

    /// <summary>The mean of the square wave over an interval: the difference of its integral, a triangle wave, divided
    /// by the interval's length.</summary>
    /// <param name="middle">The centre of the interval, in world units.</param>
    /// <param name="width">The length of the interval, in world units; not negative.</param>
    public float Wave(float middle, float width)
    {
        float p = middle * _frequency, w = MathF.Max(width * _frequency, MinWidth), reach = w * .5f;
        return (Integral(p + reach) - Integral(p - reach)) / w;

        static float Integral(float p) => .5f - MathF.Abs(p - MathF.Floor(p) - .5f);
    }

    /// <inheritdoc cref="Wave(float, float)"/>
    public Vector256<float> Wave(Vector256<float> middle, Vector256<float> width)
    {
        var p = middle * _frequency;
        Vector256<float> w = Vector256.Max(width * _frequency, Vector256.Create(MinWidth)), reach = w * .5f;
        return (Integral(p + reach) - Integral(p - reach)) / w;

        static Vector256<float> Integral(Vector256<float> p)
        {
            var half = Vector256.Create(.5f);
            return half - Vector256.Abs(p - Vector256.Floor(p) - half);
        }
    }

    /// <summary>The tone for these means of the two waves.</summary>
    public float Tone(float waveX, float waveY) => (1 - _half) + (_half * (waveX * waveY));

    /// <inheritdoc cref="Tone(float, float)"/>
    public Vector256<float> Tone(Vector256<float> waveX, Vector256<float> waveY) =>
        Vector256.Create(1 - _half) + (waveX * waveY * _half);

    /// <summary>The tone averaged over a rectangle around a point.</summary>
    public float Tone(Vector2 place, Vector2 width) => Tone(Wave(place.X, width.X), Wave(place.Y, width.Y));

    // A narrower interval would only lose precision in the difference.
    private const float MinWidth = 1e-3f;
}
