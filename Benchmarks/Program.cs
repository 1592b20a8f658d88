using Gqn.Native.Benchmarks.Commands;

return BenchmarkCommands.Run(args, Console.Out, Console.Error);
