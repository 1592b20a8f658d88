namespace Gqn.Native.Tests.Ptx;

/// <summary>The PTX text is not what the parser knows; the message holds the line and what is expected.</summary>
internal sealed class PtxSyntaxException(string message) : Exception(message);

/// <summary>A kernel does what a GPU answers with an error or with wrong data; the message says where.</summary>
internal sealed class PtxFaultException(string message) : Exception(message);
