using System.CommandLine;
using Gqn.Native.Data;
using Gqn.Native.Engine;
using Gqn.Native.Model;
using Gqn.Native.Scenes;
using Gqn.Native.Training;

namespace Gqn.Native.Cli;

/// <summary><c>gqn train</c>: trains a model, or resumes a run.</summary>
internal static class TrainCommand
{
    private const string Notes = """
        The numbers of a line:
          -ELBO     the loss, nats per image; its floor is 3 pixels ln(sigma sqrt(2 pi)): 6909 for 64x64 and sigma 0.7
          excess    -ELBO above that floor: squared error / (2 sigma^2) + KL, the part that learning lowers
          KL        nats per image that the latents carry; below 1 they carry nothing and all samples look alike
          rec MSE   mean squared error of reconstructions, which have seen the image: not a prediction
          pred MSE  mean squared error of predictions of held-out views, the real test; every --sample-every steps
          mean MSE  the same of the mean of 16 predictions of each view; no lower where they look alike

        Latents that carry nothing may live with a lower sigma (--set sigma.final=0.2 --set sigma.shape=geometric),
        with training.klWarmup, steps over which the weight of KL rises from 0 to 1, or with training.freeBits, nats
        per layer that cost nothing; -ELBO and KL are shown as they are, without these.

        Presets:
        """;

    public static Command Create(Terminal terminal)
    {
        var preset = CommandOptions.Word(
            "--preset", "NAME",
            $"Where all values start from: {CommandOptions.PresetNames} [default: {Presets.Default}]");
        preset.CompletionSources.Add([.. Presets.All.Select(entry => entry.Name)]);
        var defaults = new TrainingOptions();
        var scenes = CommandOptions.Word(
            "--scenes", "NAME",
            $"Scenes to learn: {string.Join(", ", Environments.Names)} [default: {defaults.Scenes}]");
        scenes.CompletionSources.Add([.. Environments.Names]);
        var from = CommandOptions.Word(
            "--from", "MODEL", "Start with the weights of a run's folder, a file of weights or a shipped model, for other "
            + "scenes or new schedules; the network is theirs, all else the preset's [default: random weights]");
        var data = CommandOptions.Data("Learn scenes from the TFRecords in this folder instead of rendering them");
        var dataset = CommandOptions.Word(
            "--dataset", "NAME", "Name of the data set in --data, such as rooms_ring_camera [default: the only one]");
        dataset.CompletionSources.Add([.. GqnDatasetInfo.All.Select(info => info.Name)]);
        var holdout = CommandOptions.Share(
            "--holdout", "The share of the scenes in --data to hold out where the data set has no folder 'test' "
            + $"[default: {HeldOutShare.Usual}]");
        var trainScenes = CommandOptions.Whole(
            "--train-scenes", "How many scenes to render and learn, again and again [default: new ones without end]",
            1L, int.MaxValue);
        var skipDamaged = CommandOptions.Whole(
            "--skip-damaged", "Pass over up to this many damaged records of --data, naming each; the record after it "
            + $"takes its place [default: {defaults.SkipDamaged}]", 0, int.MaxValue);
        var steps = CommandOptions.Whole(
            "--steps", "Length of the run in updates; a new run's learning-rate and sigma schedules stretch or shrink "
            + "with it, those of a resumed run stay [default: what --fit-time chooses, or the preset's]", 1L, int.MaxValue);
        var fitTime = CommandOptions.Time(
            "--fit-time", "Choose --steps so that training, schedules and all, ends within this time (90s, 10m, 1h30m, or "
            + "seconds): its speed is measured first, and the length follows where the machine gets slower or faster "
            + $"[default: {TrainRequest.DefaultTime.TotalMinutes}m where neither --preset, --steps, --time-limit nor "
            + "--resume is given, else none]");
        var timeLimit = CommandOptions.Time(
            "--time-limit", "Stop after this time and evaluate, wherever schedules are [default: none]");
        var batch = CommandOptions.Positive("--batch", "Scenes per update [default: the preset's]");
        var seed = CommandOptions.Whole(
            "--seed", $"Seed of the weights, the noise and the choice of scenes [default: {defaults.Seed}]",
            0UL, ulong.MaxValue);
        var devices = new DeviceOptions();
        var output = CommandOptions.Word(
            "--out", "DIR",
            $"Folder of the new run [default: {TrainRequest.RunsFolder}/PRESET-SCENES-n, the first n that is free]");
        var resume = CommandOptions.Word(
            "--resume", "DIR",
            "Go on with the run in this folder; options and --set may change anything but its model");
        var set = CommandOptions.Set();
        var logEvery = CommandOptions.Positive("--log-every", "Steps between lines of numbers [default: the preset's]");
        var sampleEvery = CommandOptions.Positive(
            "--sample-every", "Steps between pictures of held-out predictions, DIR/samples [default: the preset's]");
        var checkpointEvery = CommandOptions.Positive(
            "--checkpoint-every", "Steps between checkpoints, DIR/checkpoints [default: the preset's]");
        var keep = CommandOptions.Positive("--keep", "How many checkpoints stay [default: the preset's]");
        var help = HelpWithNotes.Option(
            "Show all options with their defaults, and what the numbers mean.",
            [Notes, .. Presets.All.Select(entry => $"  {entry.Name,-9} {entry.Purpose}")]);
        var command = new Command("train", "Train a model, or go on with a run. Ctrl-C saves the state for --resume.")
        {
            preset, scenes, from, data, dataset, holdout, trainScenes, skipDamaged, steps, fitTime, timeLimit, batch,
            seed, output, resume,
            set, logEvery, sampleEvery, checkpointEvery, keep, help,
        };
        devices.AddTo(command);
        command.SetAction((parsed, cancellation) => Task.FromResult(Run(
            terminal,
            new TrainRequest
            {
                Preset = parsed.GetValue(preset),
                Scenes = parsed.GetValue(scenes),
                From = parsed.GetValue(from),
                Data = parsed.GetValue(data),
                Dataset = parsed.GetValue(dataset),
                Holdout = parsed.GetValue(holdout),
                TrainScenes = parsed.GetValue(trainScenes),
                SkipDamaged = parsed.GetValue(skipDamaged),
                Steps = parsed.GetValue(steps),
                FitTime = parsed.GetValue(fitTime),
                TimeLimit = parsed.GetValue(timeLimit),
                Batch = parsed.GetValue(batch),
                Seed = parsed.GetValue(seed),
                LogEvery = parsed.GetValue(logEvery),
                SampleEvery = parsed.GetValue(sampleEvery),
                CheckpointEvery = parsed.GetValue(checkpointEvery),
                Keep = parsed.GetValue(keep),
                Assignments = parsed.GetValue(set)!,
            },
            parsed.GetValue(output), parsed.GetValue(resume), devices.Threads(parsed),
            () => devices.Open(parsed), cancellation)));
        return command;
    }

    private static int Run(
        Terminal terminal, TrainRequest request, string? output, string? resume, int threads, Func<Device> open,
        CancellationToken cancellation)
    {
        if (output is not null && resume is not null)
            throw new OptionException("--out and --resume exclude each other: a resumed run stays in its folder.");
        if (request.From is not null && resume is not null)
        {
            throw new OptionException(
                "--from and --resume exclude each other: a new run starts with other weights, a resumed one has its own.");
        }

        var fitTime = request.TimeToFit(resume is not null);
        var run = resume is null ? null : new RunDirectory(resume);
        run?.RequireRun();
        // A claim makes its folder, so that of a new run comes last.
        using var resumed = run?.Claim();
        var configuration = run is null ? request.ForNewRun() : request.ForResumedRun(run);
        if (output is not null)
            new RunDirectory(output).RequireNew();
        // Before the folder is created: data that cannot be used should leave nothing behind.
        foreach (var split in Enum.GetValues<SceneSplit>())
            configuration.Training.OpenScenes(split).RequireReadable(configuration.Model.ImageSize);
        using var device = open();
        var plan = ModelPlan.Create(configuration, threads);
        RequireMemory(plan.TrainingBytes, configuration, device);
        if (run is null)
            InitialWeights.RequireFit(configuration);
        var directory = run
            ?? (output is null ? TrainRequest.ClaimFreeFolder(configuration) : new RunDirectory(output));
        using var claim = directory.Claim();
        try
        {
            if (resume is not null)
                directory.CreateFolders();
            else if (fitTime is null)
                directory.Create(configuration);
            else
                directory.RequireNew();
            WriteStart(terminal, configuration, directory, device, plan);
            Deadline? deadline = null;
            if (fitTime is { } time)
            {
                (configuration, deadline) = FittedRun.Begin(
                    terminal, request, directory, device, time, cancellation);
            }

            using var trainer = RunFiles.Open(
                directory, () => new Trainer(configuration, directory, device, terminal.Clock));
            RunFiles.WarnOfRewritten(terminal, trainer.LastCheckpoint);
            // Only now is it certain that the run can be resumed with this configuration.
            if (resume is not null)
                directory.WriteConfiguration(configuration);
            string done = trainer.Step == 0 ? string.Empty : $", {Terminal.Count(trainer.Step)} of them done";
            terminal.WriteField("steps", Terminal.Count(configuration.Training.Steps) + done);
            if (trainer.AverageStartsHere)
                terminal.WriteField("average", "starts at the weights of this step; the checkpoint has none");
            terminal.WriteLine();
            return Train(terminal, trainer, directory, request.TimeLimit, deadline, cancellation);
        }
        catch (OutOfMemoryException exception)
        {
            throw new OptionException(
                MemorySentence(plan.TrainingBytes, "there is not as much free", configuration, 0), exception);
        }
    }

    private static int Train(
        Terminal terminal, Trainer trainer, RunDirectory directory, TimeSpan? limit, Deadline? deadline,
        CancellationToken cancellation)
    {
        long first = trainer.Step, start = terminal.Clock.GetTimestamp();
        var planned = trainer.Configuration.Training;
        var display = new TrainingDisplay(terminal, planned.Steps, first, limit);
        string resume = $"{Terminal.Program} train --resume {Shell.Quote(directory.Path)}";
        TrainingOutcome outcome;
        try
        {
            outcome = display.Watch(observer => trainer.Run(observer, limit, cancellation, deadline));
        }
        catch (Exception failure) when (trainer.Step > 0 && trainer.IsSaved)
        {
            terminal.WriteLine($"Saved after step {Terminal.Count(trainer.Step)}; go on with: {resume}");
            if (failure is DatasetException)
                terminal.WriteLine($"To pass over damaged records: {resume} --skip-damaged 10");
            throw;
        }

        long steps = trainer.Configuration.Training.Steps;
        string elapsed = Duration.Format(terminal.Clock.GetElapsedTime(start));
        string progress = $"step {Terminal.Count(trainer.Step)} of {Terminal.Count(steps)}";
        if (trainer.Step > first)
            terminal.WriteLine();
        switch (outcome)
        {
            case TrainingOutcome.Cancelled:
                terminal.WriteLine($"Stopped and saved after {progress}; go on with: {resume}");
                return CommandLine.Interrupted;
            case TrainingOutcome.TimeLimit:
                terminal.WriteLine($"Time is up after {progress}; go on with: {resume}");
                break;
            case TrainingOutcome.Completed when trainer.Step == first:
                string all = steps == 1 ? "The only step was" : $"All {Quantity.Of(steps, "step")} were";
                terminal.WriteLine($"{all} done before; for more: {resume} --steps N");
                break;
            default:
                terminal.WriteLine($"Trained {Quantity.Of(trainer.Step - first, "step")} in {elapsed}.");
                FittedRun.WriteRepeat(terminal, planned, trainer.Configuration.Training);
                break;
        }

        string scenes = Quantity.Of(trainer.Configuration.Reporting.EvaluationScenes, "held-out scene");
        terminal.WriteLine($"Evaluating on {scenes}:");
        try
        {
            EvaluationTables.WriteSummary(terminal, trainer.Evaluate(cancellation));
        }
        catch (OperationCanceledException)
        {
            terminal.WriteLine($"Interrupted; the weights are saved, evaluate them with: "
                + $"{Terminal.Program} eval {Shell.Quote(directory.Path)}");
            return CommandLine.Interrupted;
        }

        terminal.WriteField("numbers", directory.EvaluationPath);
        terminal.WriteField("pictures", directory.PredictionsPath);
        terminal.WriteField(
            "next", $"{Terminal.Program} render {Shell.Quote(directory.Path)} --orbit 24 --out orbit.gif");
        return CommandLine.Success;
    }

    /// <summary>Prints what is known before the weights are created, which takes seconds for a large model.</summary>
    private static void WriteStart(
        Terminal terminal, RunConfiguration configuration, RunDirectory directory, Device device, ModelPlan plan)
    {
        var training = configuration.Training;
        terminal.WriteField("run", directory.Path);
        terminal.WriteField("device", device.Description);
        terminal.WriteField("model", Quantity.Of(plan.Parameters, "parameter"));
        terminal.WriteField("memory", $"about {Terminal.Bytes(plan.TrainingBytes)}");
        int size = configuration.Model.ImageSize;
        string origin = training switch
        {
            { Data: { } folder } => $" from {folder}",
            { TrainScenes: { } count } => $", the first {Terminal.Count(count)}",
            _ => string.Empty,
        };
        terminal.WriteField(
            "scenes",
            $"{training.SceneName}{origin}, {size}x{size} pixels, {training.Batch} a step, "
            + $"{(training.MaxContexts > 1 ? "1 to " : string.Empty)}{Quantity.Of(training.MaxContexts, "context")}");
        if (training.Holdout is { } share)
        {
            string held = Quantity.Of(training.OpenDataset(SceneSplit.Test).CountScenes(), "scene");
            terminal.WriteField("held out", $"{share * 100:0.##} % of the scenes, {held}; there is no test folder");
        }
    }

    /// <summary>Refuses a run that exceeds the memory; the system would kill the process without a message.</summary>
    private static void RequireMemory(long bytes, RunConfiguration configuration, Device device)
    {
        (long available, string owner) = device is GpuDevice { MemoryBytes: > 0 } gpu
            ? (gpu.MemoryBytes, gpu.Description)
            : (GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, "this machine");
        if (bytes > available)
        {
            throw new OptionException(
                MemorySentence(bytes, $"{owner} has {Terminal.Bytes(available)}", configuration, available));
        }
    }

    private static string MemorySentence(long bytes, string lack, RunConfiguration configuration, long available)
    {
        string sentence = $"This training needs about {Terminal.Bytes(bytes)} of memory and {lack}";
        int batch = LargestBatch(configuration, available);
        return batch > 0
            ? $"{sentence}; --batch {batch} would fit, and so would a smaller model ('gqn info' tells what each needs)."
            : $"{sentence}; a smaller --batch or model needs less ('gqn info' tells how much).";
    }

    /// <summary>The largest half, quarter, ... of the batch whose estimated memory fits; 0 if there is none.</summary>
    private static int LargestBatch(RunConfiguration configuration, long available)
    {
        for (int batch = configuration.Training.Batch / 2; batch > 0; batch /= 2)
        {
            var smaller = configuration with { Training = configuration.Training with { Batch = batch } };
            if (ModelPlan.Create(smaller, 1).TrainingBytes <= available)
                return batch;
        }

        return 0;
    }
}
