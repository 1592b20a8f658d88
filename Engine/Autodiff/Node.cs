namespace Gqn.Native.Engine;

/// <summary>One recorded op: what its backward needs. Nodes are reused from step to step.</summary>
internal abstract class Node
{
    /// <summary>The op's output.</summary>
    internal Variable Output { get; set; }

    /// <summary>The second output of ops that have two; absent otherwise.</summary>
    internal Variable SecondOutput { get; set; }

    /// <summary>What the op keeps for its backward besides inputs and outputs; absent otherwise.</summary>
    internal Variable Saved { get; set; }

    /// <summary>
    /// Accumulates into the gradients of the op's inputs. Called once all gradients of its outputs are complete.
    /// </summary>
    internal abstract void Backward(Tape tape);
}
