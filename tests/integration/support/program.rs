//! The program under test as a process.

use std::ffi::OsString;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use super::log::{Entry, Log};
use super::wait::{PATIENCE, eventually};

/// A running `lockgate`; killed with the value.
pub(crate) struct Program {
    process: Child,
    stdout: Capture,
    /// What it writes to standard error.
    pub(crate) log: Log,
}

impl Program {
    /// Starts `lockgate run`.
    pub(crate) fn run(config: &Path) -> Self {
        Self::start(&mut command(&["run"], config))
    }

    /// Starts `lockgate run --upgrade` and the like.
    pub(crate) fn run_with(options: &[&str], config: &Path) -> Self {
        Self::start(&mut command(&[&["run"], options].concat(), config))
    }

    /// The same with a variable of its environment.
    pub(crate) fn run_in(name: &str, value: &Path, config: &Path) -> Self {
        Self::start(command(&["run"], config).env(name, value))
    }

    /// The same with another filter for its log.
    pub(crate) fn run_logging(filter: &str, config: &Path) -> Self {
        Self::start(command(&["run"], config).env("RUST_LOG", filter))
    }

    /// The same with at most so many open files.
    pub(crate) fn run_with_files(limit: usize, config: &Path) -> Self {
        let mut shell = Command::new("sh");
        let script = format!("ulimit -n {limit}; exec \"$0\" run --config \"$1\"");
        shell.arg("-c").arg(script).arg(binary()).arg(config);
        Self::start(shell.env_remove("RUST_LOG"))
    }

    /// The same in user and mount namespaces of its own, once a script has set them up.
    pub(crate) fn run_in_namespace(set_up: &str, config: &Path) -> Self {
        let script = format!("{set_up}\nexec \"$0\" run --config \"$1\"");
        let mut shell = namespace();
        shell.args(["sh", "-e", "-c", &script]);
        shell.arg(binary()).arg(config);
        Self::start(shell.env_remove("RUST_LOG"))
    }

    /// Runs a script in the namespaces of the program.
    pub(crate) fn in_namespace(&self, script: &str) {
        let target = self.process.id().to_string();
        let mut shell = Command::new("nsenter");
        shell.args(["--target", &target, "--user", "--mount"]);
        shell.args(["--preserve-credentials", "sh", "-e", "-c", script]);
        let status = shell.status();
        assert!(status.is_ok_and(|status| status.success()), "{script}");
    }

    fn start(command: &mut Command) -> Self {
        let stdout = Capture::new();
        let mut process = command
            .stdin(Stdio::null())
            .stdout(stdout.writer())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let log = Log::of(process.stderr.take().expect("standard error is a pipe"));
        Self {
            process,
            stdout,
            log,
        }
    }

    /// What it has written to standard output.
    pub(crate) fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Sends a signal by its name. The shell's own `kill` does it: the test stays free of unsafe code.
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.process.id());
        let status = Command::new("sh").args(["-c", &kill]).status();
        assert!(status.is_ok_and(|status| status.success()), "{kill}");
    }

    /// Waits until it ends by itself.
    pub(crate) async fn exit(&mut self) -> ExitStatus {
        eventually(PATIENCE, "the program's end", async || {
            self.process.try_wait().expect("the process is ours")
        })
        .await
    }

    /// Whether it runs.
    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    /// How much time of processors it has used, in ticks of a hundredth of a second.
    pub(crate) fn ticks(&self) -> u64 {
        let stat = format!("/proc/{}/stat", self.process.id());
        let stat = std::fs::read_to_string(stat).expect("the process runs on Linux");
        let (_, fields) = stat.rsplit_once(')').expect("the name is in brackets");
        // In user mode and in the system: proc_pid_stat(5).
        let ticks = fields.split_whitespace().skip(11).take(2);
        ticks
            .map(|ticks| ticks.parse::<u64>().expect("a number"))
            .sum()
    }

    /// The bytes of memory that it has for itself: the resident ones that are no file's.
    pub(crate) fn memory(&self) -> usize {
        let status = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(status).expect("the process runs on Linux");
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("RssAnon:"));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        let kibibytes = kibibytes.and_then(|text| text.trim().parse::<usize>().ok());
        kibibytes.expect("proc_pid_status(5) has it") * 1024
    }

    /// How many descriptors it has open.
    pub(crate) fn descriptors(&self) -> usize {
        let descriptors = format!("/proc/{}/fd", self.process.id());
        std::fs::read_dir(descriptors)
            .expect("the process runs on Linux")
            .count()
    }

    /// How many threads it has.
    pub(crate) fn threads(&self) -> usize {
        let tasks = format!("/proc/{}/task", self.process.id());
        std::fs::read_dir(tasks)
            .expect("the process runs on Linux")
            .count()
    }
}

impl Drop for Program {
    #[expect(clippy::print_stderr, reason = "a failed test shows the program's log")]
    fn drop(&mut self) {
        // Either may fail because the process has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            eprintln!(
                "the program's log ends with\n{}",
                self.log.tail().join("\n")
            );
        }
    }
}

/// What a command wrote and how it ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// What it wrote to either.
    pub(crate) fn text(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// The lines of standard error that are more than information.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let lines = self.stderr.lines().map(Entry::parse);
        let complaints = lines.filter(|line| line.field("level") != "INFO");
        let texts = complaints.map(|line| line.field("message"));
        texts.filter(|text| !text.trim().is_empty()).collect()
    }
}

/// Runs `lockgate SUBCOMMAND --config DIR` to its end. `run` ends only when it cannot start: a wait
/// in vain here shows a program that did.
pub(crate) async fn outcome(subcommand: &str, config: &Path) -> Outcome {
    let arguments: Vec<_> = subcommand.split(' ').collect();
    outcome_of(&arguments, config).await
}

/// The same with more arguments.
pub(crate) async fn outcome_of(arguments: &[&str], config: &Path) -> Outcome {
    let stderr = Capture::new();
    let stdout = Capture::new();
    let process = command(arguments, config)
        .stdin(Stdio::null())
        .stdout(stdout.writer())
        .stderr(stderr.writer())
        .spawn()
        .expect("the program starts");
    let mut program = Program {
        process,
        stdout,
        log: Log::default(),
    };
    Outcome {
        code: program.exit().await.code(),
        stdout: program.stdout(),
        stderr: stderr.text(),
    }
}

/// A file that a process writes to, and that can be read meanwhile.
struct Capture(File);

impl Capture {
    fn new() -> Self {
        Self(tempfile::tempfile().expect("a temporary file is made"))
    }

    fn writer(&self) -> File {
        self.0.try_clone().expect("a handle is copied")
    }

    /// Read without moving the place that both handles share.
    fn text(&self) -> String {
        let length = self.0.metadata().expect("a file has a length").len();
        let mut bytes = vec![0; usize::try_from(length).expect("the text fits into memory")];
        let read = self.0.read_exact_at(&mut bytes, 0);
        read.expect("what was written can be read");
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Whether a test may make namespaces here: a container may forbid it.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
pub(crate) fn has_namespaces() -> bool {
    let made = namespace().arg("true").status();
    let made = made.is_ok_and(|status| status.success());
    if !made {
        eprintln!("skipped: no user namespaces here");
    }
    made
}

fn namespace() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount"]);
    command
}

fn command(arguments: &[&str], config: &Path) -> Command {
    let mut command = Command::new(binary());
    command
        .args(arguments)
        .arg("--config")
        .arg(config)
        .env_remove("RUST_LOG");
    command
}

fn binary() -> OsString {
    let built = env!("CARGO_BIN_EXE_lockgate").into();
    std::env::var_os("LOCKGATE_BIN").unwrap_or(built)
}
