//! Answers in all their forms.

use proptest::prelude::*;

use super::*;

/// What an answer does, a line for each file.
fn told(text: &str) -> String {
    let solution = RelativePath::parse("solution.py").expect("a path");
    let work = match Work::parse(text, Some(&solution)) {
        Ok(work) => work,
        Err(fault) => return format!("unusable: {fault}"),
    };
    let one = |FileChange { path, change, is_executable }: &FileChange| {
        let run = if *is_executable { " (may be run)" } else { "" };
        match change {
            Change::Content(text) => format!("{path}{run} = {text:?}\n"),
            Change::Deleted => format!("{path} deleted\n"),
            Change::Edits(edits) => {
                edits.iter().map(|edit| format!("{path}: {:?} -> {:?}\n", edit.find, edit.replace)).collect()
            }
        }
    };
    let disputes = work.disputes.iter().map(|dispute| format!("{} is wrong: {}\n", dispute.test_id, dispute.reason));
    work.files.iter().map(one).chain(disputes).collect()
}

#[track_caller]
fn says(text: &str, expected: &str) {
    assert_eq!(told(text), expected, "{text}");
}

#[test]
fn json_says_what_each_file_becomes() {
    says(
        r#"<think>hm</think>{"files": [
            {"path": "a.py", "content": "x\n"},
            {"path": "b.sh", "content": "y", "executable": true},
            {"path": "c/d.py", "edits": [{"find": "1", "replace": "2"}]},
            {"path": "e", "delete": true}
        ], "disputes": [{"test_id": "t::a", "reason": "off by one"}]}"#,
        "a.py = \"x\\n\"\nb.sh (may be run) = \"y\"\nc/d.py: \"1\" -> \"2\"\ne deleted\nt::a is wrong: off by one\n",
    );
    for file in [r#"{"path": "a"}"#, r#"{"path": "a", "content": "", "delete": true}"#] {
        says(&format!(r#"{{"files": [{file}]}}"#), "unusable: a: expected one of content, edits and delete");
    }
    says(r#"{"files": []}"#, &format!("unusable: {}", Unusable::Empty));
    says(r#"{"file": []}"#, "unusable: it is no JSON of the form that was asked for");
    let twice = r#"{"files": [{"path": "a", "content": ""}, {"path": "a", "delete": true}]}"#;
    says(twice, "unusable: a is changed twice");
}

#[test]
fn blocks_are_files_by_the_path_that_heads_them() {
    says(
        "First\n\nsrc/a.rs\n```rust\nfn a() {}\n```\n**`b.py`:**\n```\nb\n```",
        "src/a.rs = \"fn a() {}\\n\"\nb.py = \"b\\n\"\n",
    );
    says("```python x/y.py\n1\n```\nHere is how to run it:\n```sh\nrun\n```", "x/y.py = \"1\\n\"\n");
    says("It is so.\n```python\n1\n```", "solution.py = \"1\\n\"\n");
    says("One.\n```\n1\n```\nTwo.\n```\n2\n```", &format!("unusable: {}", Unusable::Empty));
}

#[test]
fn a_diff_is_edits_whatever_its_line_numbers_say() {
    says(
        "So:\n```diff\n--- a/x.py\n+++ b/x.py\n@@ -900,3 +1,3 @@ def f():\n a\n-b\n+c\n\n d\n@@\n-e\n--- /dev/null\n+++ b/new.py\n@@ -0,0 +1 @@\n+n\n--- a/old.py\t2026\n+++ /dev/null\n@@ -1 +0,0 @@\n-o\n```\n",
        "x.py: \"a\\nb\\n\\nd\\n\" -> \"a\\nc\\n\\nd\\n\"\nx.py: \"e\\n\" -> \"\"\nnew.py = \"n\\n\"\nold.py deleted\n",
    );
    says(
        "--- a/x\n+++ b/y\n@@\n-a\n",
        "unusable: line 1 of the diff: files are not renamed; delete one and write the other",
    );
    says("--- a/x\n+++ b/x\n", "unusable: line 1 of the diff: the file has no hunk, which begins with @@");
}

#[test]
fn no_path_leads_out() {
    for (path, fault) in [
        ("/etc/passwd", "is not relative"),
        ("a/../../b", "has a name .."),
        ("", "has a name without anything in it, or ."),
        ("a//b", "has a name without anything in it, or ."),
        ("./a", "has a name without anything in it, or ."),
        ("a/.git/hooks/x", "leads into .git"),
        (".GIT/config", "leads into .git"),
        ("a\\\\b", "has a backslash or a control character"),
        ("a\\u0000b", "has a backslash or a control character"),
    ] {
        let told = told(&format!(r#"{{"files": [{{"path": "{path}", "content": ""}}]}}"#));
        assert!(told.starts_with("unusable: the path ") && told.ends_with(fault), "{path}: {told}");
    }
    assert!(RelativePath::parse("a/.gitignore").is_ok(), "it is a file of the work");
}

#[test]
fn an_answer_is_bounded() {
    let files: Vec<_> = (0..201).map(|i| format!(r#"{{"path": "f{i}", "delete": true}}"#)).collect();
    says(&format!(r#"{{"files": [{}]}}"#, files.join(",")), "unusable: it has 201 files, at most 200 are taken");
    let large = "x".repeat(MOST_BYTES + 1);
    let told = told(&format!(r#"{{"files": [{{"path": "a", "content": "{large}"}}]}}"#));
    assert_eq!(told, "unusable: it has 10485761 bytes, at most 10485760 are taken");
}

proptest! {
    #[test]
    fn any_text_is_a_work_or_an_error(text in "([-+@ `a/.\n\t\"{}:]|--- a/x\n|\\+\\+\\+ b/x\n|@@\n|```\n){0,40}") {
        let _ = told(&text);
    }
}
