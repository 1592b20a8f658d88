using Gqn.Native.Engine;

namespace Gqn.Native.Training;

/// <summary>Says what of a network is not finite any more.</summary>
internal static class Divergence
{
    /// <summary>The error for a step whose loss or gradient is not finite.</summary>
    public static TrainingException Of(Trainer trainer, double loss)
    {
        string cause = FirstNotFinite(trainer.Network.Parameters, loss);
        string kept = trainer.LastCheckpoint is { } checkpoint
            ? $"the last good checkpoint is {checkpoint}"
            : "there is no checkpoint yet";
        return new TrainingException(
            $"Training stopped at step {trainer.Step + 1}: {cause} is not finite; {kept}. "
            + "Try a lower learning rate (training.learningRate.initial and .final), or training.adam.clipNorm.");
    }

    /// <summary>
    /// Names what is not finite: the first parameter, in order of declaration, with a non-finite value; else the first
    /// with a non-finite gradient; else the loss; else the norm, which overflows if gradients are finite but huge.
    /// </summary>
    private static string FirstNotFinite(ParameterStore store, double loss)
    {
        foreach (var parameter in store.Parameters)
        {
            if (!IsFinite(store, store.Values, parameter))
                return $"the parameter '{parameter.Name}'";
        }

        foreach (var parameter in store.Parameters)
        {
            if (!IsFinite(store, store.Gradients, parameter))
                return $"the gradient of '{parameter.Name}'";
        }

        return double.IsFinite(loss) ? "the norm of the gradient" : $"the loss ({loss})";
    }

    private static bool IsFinite(ParameterStore store, Tensor arena, Parameter parameter)
    {
        float[] values = new float[parameter.Shape.Count];
        store.Read(arena, parameter, values);
        return Array.TrueForAll(values, float.IsFinite);
    }
}
