namespace Gqn.Native.Engine;

/// <summary>One recorded op: what its backward needs. Nodes are reused, step after step.</summary>
internal abstract class Node
{
    /// <summary>The variable that the op made.</summary>
    internal Variable Output { get; set; }

    /// <summary>The second variable, of ops that make two; absent otherwise.</summary>
    internal Variable SecondOutput { get; set; }

    /// <summary>What the op keeps for its backward beside inputs and outputs; absent otherwise.</summary>
    internal Variable Saved { get; set; }

    /// <summary>
    /// Adds this op's part to the gradients of its inputs. Called when all gradients of its outputs are complete.
    /// </summary>
    internal abstract void Backward(Tape tape);
}
