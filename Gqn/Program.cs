using System.Runtime.InteropServices;
using Gqn.Native.Cli;

using var interruption = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
return await CommandLine.RunAsync(args, Console.Out, Console.Error, interruption.Token);

void Stop(PosixSignalContext signal)
{
    // The default handler takes the second signal and ends the process at once.
    if (interruption.IsCancellationRequested)
    {
        // A progress bar hides the cursor and gets no chance to restore it.
        if (!Console.IsOutputRedirected)
            Console.Write("\e[?25h");
        return;
    }

    signal.Cancel = true;
    Console.Error.WriteLine("stopping; once more ends at once, without saving");
    interruption.Cancel();
}
