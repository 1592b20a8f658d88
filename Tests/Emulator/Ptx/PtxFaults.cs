namespace Gqn.Native.Tests.Ptx;

/// <summary>The PTX text is unknown to the parser; the message has the line and what is expected.</summary>
internal sealed class PtxSyntaxException(string message) : Exception(message);

/// <summary>A kernel does something for which a GPU gives an error or wrong data; the message says where.</summary>
internal sealed class PtxFaultException(string message) : Exception(message);
