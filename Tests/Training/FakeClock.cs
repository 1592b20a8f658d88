namespace Gqn.Native.Tests.Training;

/// <summary>A clock that a test advances, or that advances at each reading.</summary>
internal sealed class FakeClock : TimeProvider
{
    /// <summary>Seconds since the start.</summary>
    public double Seconds { get; set; }

    /// <summary>Seconds that pass with each reading.</summary>
    public double SecondsPerReading { get; init; }

    public override long TimestampFrequency => 1_000_000_000;

    public override long GetTimestamp()
    {
        Seconds += SecondsPerReading;
        return (long)Math.Round(Seconds * TimestampFrequency);
    }
}
