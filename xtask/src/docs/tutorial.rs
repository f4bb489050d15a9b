//! Does a page go as it says, for somebody who does nothing but what it says?
//!
//! Start at [`faults`]. The blocks of code of a tutorial are its steps, done one after the other in a folder of its
//! own:
//!
//! | block | step |
//! |---|---|
//! | `sh` | is run by a shell that finds the program; it has to succeed (`\|\| echo …` shows that it does not) |
//! | `text` | is all that the `sh` before printed, without the log; `…` is any text, alone on a line any lines |
//! | `diff` | changes the file that its first line, `--- FILE`, names |
//! | any other whose first line is `# FILE` | is written to that file |

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};
use tempfile::TempDir;

use super::markdown::{Block, Page};
use super::program::Program;
use crate::room::{Room, Tutorials};

/// How long the commands of one block may take, in seconds: far more than any needs.
const LONGEST_SECONDS: &str = "600";
/// What `timeout` ends with where they take longer.
const TIMED_OUT: i32 = 124;

/// What stands for something that is left out.
const ELIDED: char = '…';

/// A sentence for every tutorial of the room that does not go as it says.
pub(super) fn faults(root: &Path, room: &Room, program: &Program<'_>) -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    let Some(Tutorials { pages, files }) = &room.tutorials else { return Ok(faults) };
    for page in pages.iter().map(|page| room.inside(page)) {
        let source = fs::read_to_string(root.join(&page)).with_context(|| format!("reading {page}"))?;
        let reader = Reader::new(root, files, room, program.binary())?;
        faults.extend(reader.follow(&Page::of(&source)).err().map(|fault| format!("{page}{fault:#}")));
    }
    Ok(faults)
}

/// Somebody who does what a page says.
struct Reader<'r> {
    room: &'r Room,
    folder: TempDir,
    /// Where the program lies under its name.
    programs: TempDir,
    /// How long one block may take, in seconds.
    longest: &'static str,
}

impl<'r> Reader<'r> {
    fn new(root: &Path, files: &[String], room: &'r Room, binary: &Path) -> anyhow::Result<Self> {
        let folder = || tempfile::tempdir().context("creating a folder for a tutorial");
        let reader = Self { room, folder: folder()?, programs: folder()?, longest: LONGEST_SECONDS };
        symlink(binary, reader.programs.path().join(&room.name)).context("putting the program on a path")?;
        for file in files {
            reader.write(file, &fs::read(root.join(file)).with_context(|| format!("reading {file}"))?)?;
        }
        Ok(reader)
    }

    fn write(&self, file: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let path = self.folder.path().join(file);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(|| format!("making the folder of {file}"))?;
        }
        fs::write(path, bytes).with_context(|| format!("writing {file}"))
    }

    /// Does every step; the first that does not go as it says is the error, which begins with its line.
    fn follow(&self, page: &Page) -> anyhow::Result<()> {
        let mut printed = None;
        let mut runs = 0;
        for block in &page.blocks {
            let at = || format!(":{}", block.line);
            match block.language.as_str() {
                "sh" => {
                    printed = Some(self.run(&block.text).with_context(at)?);
                    runs += 1;
                }
                "text" => {
                    let printed = printed.take().context("nothing was run before").with_context(at)?;
                    compare(&block.text, &printed).with_context(at)?;
                }
                "diff" => self.change(&block.text).with_context(at)?,
                _ => {
                    if let Some(file) = named_file(block) {
                        self.write(file, block.text.as_bytes()).with_context(at)?;
                    }
                }
            }
        }
        ensure!(runs > 0, ": nothing is run on this page");
        Ok(())
    }

    /// What the commands of a block print, without the log.
    fn run(&self, text: &str) -> anyhow::Result<String> {
        let started = |text: String, begin: &String| text.replace(begin, &self.room.name);
        let commands = self.room.commands.iter().fold(text.to_owned(), started);
        let programs = self.programs.path().display();
        let mut shell = Command::new("timeout");
        shell
            .args([self.longest, "sh", "-eu", "-c", &format!("exec 2>&1\n{commands}")])
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        let output =
            shell.env_clear().env("PATH", format!("{programs}:/usr/bin:/bin")).output().context("starting timeout")?;
        let printed = String::from_utf8_lossy(&output.stdout);
        let printed: String = printed.split_inclusive('\n').filter(|line| !is_logged(line)).collect();
        let seconds = self.longest;
        let is_done = output.status.code() != Some(TIMED_OUT);
        ensure!(is_done, "this took longer than {seconds} s, and was ended:\n{text}{printed}");
        ensure!(output.status.success(), "this failed with {}:\n{text}{printed}", output.status);
        Ok(printed)
    }

    /// Changes a file as a block of kind `diff` says.
    fn change(&self, text: &str) -> anyhow::Result<()> {
        let (file, lines) = text
            .split_once('\n')
            .and_then(|(first, lines)| Some((first.strip_prefix("--- ")?, lines)))
            .with_context(|| format!("no file in the first line, expected `--- FILE`:\n{text}"))?;
        let (mut old, mut new) = (String::new(), String::new());
        for line in lines.split_inclusive('\n') {
            match line.split_at_checked(1) {
                Some(("-", rest)) => old.push_str(rest),
                Some(("+", rest)) => new.push_str(rest),
                Some((" ", rest)) => [&mut old, &mut new].into_iter().for_each(|into| into.push_str(rest)),
                _ => bail!("found the line {line:?}, expected one that begins with -, + or a blank"),
            }
        }
        let path = self.folder.path().join(file);
        let before = fs::read_to_string(&path).with_context(|| format!("reading {file}"))?;
        let times = before.matches(&old).count();
        ensure!(times == 1, "{file} has these lines {times} times, expected once:\n{old}");
        fs::write(path, before.replace(&old, &new)).with_context(|| format!("writing {file}"))
    }
}

/// The file that a block is, by its first line.
fn named_file(block: &Block) -> Option<&str> {
    let name = block.text.lines().next()?.strip_prefix("# ")?;
    (name.contains('.') && !name.contains(' ')).then_some(name)
}

/// Whether a line is of the log: instant, level and message.
fn is_logged(line: &str) -> bool {
    let mut words = line.split(' ');
    let is_instant = words.next().is_some_and(|word| word.parse::<jiff::Timestamp>().is_ok());
    is_instant && words.next().is_some_and(|word| ["DEBUG", "INFO", "WARNING", "ERROR"].contains(&word))
}

/// Whether a page shows what was printed.
fn compare(shown: &str, printed: &str) -> anyhow::Result<()> {
    let [lines, found] = [shown, printed].map(|text| text.lines().collect::<Vec<_>>());
    ensure!(fits(&lines, &found), "the page shows\n{shown}but this was printed:\n{printed}");
    Ok(())
}

fn fits(shown: &[&str], printed: &[&str]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((line, rest)) if line.chars().eq([ELIDED]) => (0..=printed.len()).any(|from| fits(rest, &printed[from..])),
        Some((line, rest)) => {
            printed.split_first().is_some_and(|(first, after)| is_line(line, first) && fits(rest, after))
        }
    }
}

fn is_line(shown: &str, printed: &str) -> bool {
    let mut parts = shown.split(ELIDED);
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = printed.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::tests::lamp_room;

    /// What is wrong with a tutorial in whose folder there is a file `attic` that says `dark`; the program is cat.
    fn follow(page: &str) -> String {
        follow_within(LONGEST_SECONDS, page)
    }

    /// The same, where a block may take so many seconds.
    fn follow_within(longest: &'static str, page: &str) -> String {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("attic"), "dark\n").unwrap();
        let room = lamp_room();
        let reader = Reader::new(root.path(), &["attic".to_owned()], &room, Path::new("/bin/cat")).unwrap();
        let reader = Reader { longest, ..reader };
        reader.follow(&Page::of(page)).map_or_else(|fault| format!("{fault:#}"), |()| "goes as it says".to_owned())
    }

    #[track_caller]
    fn goes(page: &str) {
        assert_eq!(follow(page), "goes as it says");
    }

    #[track_caller]
    fn fails(page: &str, expected: &str) {
        let told = follow(page);
        assert!(told.contains(expected), "{expected} in\n{told}");
    }

    #[test]
    fn what_is_shown_is_what_was_printed() {
        goes("```sh\nlamp-keeper attic\n```\n\n```text\ndark\n```\n");
        goes("```sh\ncargo run -- attic\n```\n\n```text\ndark\n```\n"); // the program at hand, and not a build
        goes("```sh\nlamp-keeper attic attic\necho light\n```\n\n```text\n…\nd…k\nli…ht\n```\n");
        let printed = "the page shows\nbright\nbut this was printed:\ndark\n";
        fails("```sh\nlamp-keeper attic\n```\n\n```text\nbright\n```\n", printed);
        fails("```sh\nlamp-keeper attic\n```\n\n```text\ndark\nmore\n```\n", "the page shows");
        fails("```sh\nlamp-keeper attic\necho more\n```\n\n```text\ndark\n```\n", "the page shows");
        fails("```text\ndark\n```\n", "nothing was run before");
        fails("no step\n", "nothing is run on this page");
    }

    #[test]
    fn the_log_is_not_shown_and_errors_are() {
        let logged = "echo 2026-08-17T00:00:01.5Z WARNING it is dark >&2\necho 2026-08-17T00:00Z 1 >&2\n";
        goes(&format!("```sh\n{logged}```\n\n```text\n2026-08-17T00:00Z 1\n```\n"));
    }

    #[test]
    fn a_command_that_fails_is_told_with_its_line_unless_the_page_says_so() {
        let told = ":3: this failed with exit status: 1:\nlamp-keeper cellar\n";
        fails("one\n\n```sh\nlamp-keeper cellar\n```\n", told);
        let shown = "```text\nlamp-keeper: cellar: …\nexit code 1\n```\n";
        goes(&format!("```sh\nlamp-keeper cellar || echo \"exit code $?\"\n```\n\n{shown}"));
    }

    #[test]
    fn a_command_that_does_not_end_is_ended_and_told() {
        // One that waits for what never comes.
        let told = follow_within("0.1", "```sh\nmkfifo cellar\nlamp-keeper cellar\n```\n");
        let expected = ":1: this took longer than 0.1 s, and was ended:\nmkfifo cellar\nlamp-keeper cellar\n";
        assert!(told.contains(expected), "{told}");
    }

    #[test]
    fn files_are_written_and_changed_as_the_page_says() {
        let shown = "```sh\ncat attic cellar.yaml\n```\n\n```text\nbright\n# cellar.yaml\nlamp: off\n```\n";
        let (change, file) = ("```diff\n--- attic\n-dark\n+bright\n```\n", "```yaml\n# cellar.yaml\nlamp: off\n```\n");
        goes(&format!("{change}\n{file}\n{shown}"));
        goes("```yaml\n# mine: no file\nlamp: off\n```\n\n```sh\nls\n```\n\n```text\nattic\n```\n");
        fails("```diff\n--- attic\n-dim\n+bright\n```\n", "attic has these lines 0 times, expected once:\ndim\n");
        fails("```diff\n-dark\n+bright\n```\n", "no file in the first line");
        fails("```diff\n--- attic\ndark\n```\n", "found the line \"dark\\n\"");
    }
}
