namespace Gqn.Native.Tests.Driver;

/// <summary>Results of the driver's functions (CUresult).</summary>
internal enum DriverError
{
    Success = 0,
    InvalidValue = 1,
    OutOfMemory = 2,
    InvalidDevice = 101,
    InvalidContext = 201,
    InvalidPtx = 218,
    InvalidHandle = 400,
    NotFound = 500,
    NotReady = 600,
    IllegalAddress = 700,
    LaunchOutOfResources = 701,
    LaunchFailed = 719,
    NotSupported = 801,
    CaptureUnsupported = 900,
    CaptureInvalidated = 901,
    CaptureUnmatched = 903,
    CaptureUnjoined = 904,
    CaptureIsolation = 905,
    CaptureImplicit = 906,
    CapturedEvent = 907,
    CaptureWrongThread = 908,
    GraphUpdateFailed = 910,
    Unknown = 999,
}

/// <summary>An error that a function of the driver returns.</summary>
internal sealed class DriverException(DriverError error, string message) : Exception(message)
{
    public DriverError Error => error;
}
