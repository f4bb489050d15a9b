//! What goes out of the door? One archive per release, the same bytes whoever builds it and in whatever folder.
//!
//! Start at [`run`]. [`source`] says which files and which commit; [`build`] makes the program, without a trace of this
//! machine; [`parts`] and [`bundled`] list what is linked into it, of which [`bill`] writes the bill of materials;
//! [`archive`] packs all.

mod archive;
mod bill;
mod build;
mod bundled;
mod notices;
mod output;
mod parts;
mod source;
mod toolchain;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use archive::Archive;
use output::OUTPUT;
use parts::Part;
use source::Source;
use toolchain::Toolchain;

use crate::service;
use crate::sha256::sha256;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The service to release; it must be named where there are several
    service: Option<String>,
    /// The clone to release; this one where it is not given
    #[arg(long, value_name = "FOLDER")]
    source: Option<PathBuf>,
    /// Pack this program, made from the same commit, instead of building one (for tests: it may contain paths of its machine)
    #[arg(long, value_name = "PATH")]
    program: Option<PathBuf>,
    /// Release what is not committed, too, and call the version dirty
    #[arg(long)]
    allow_dirty: bool,
    /// Write nothing; print where each of the project's files lies in the archive: that path, a tab, and the one here
    #[arg(long)]
    list: bool,
}

/// Builds the program, packs it, and writes the checksums.
pub(crate) fn run(root: &Path, options: &Options) -> anyhow::Result<()> {
    let root = options.source.as_deref().unwrap_or(root);
    let root = root.canonicalize().with_context(|| format!("looking for the source at {}", root.display()))?;
    let service = service::chosen(&root, options.service.as_deref())?;
    if options.list {
        for file in source::files(&root, &service)? {
            println!("{}\t{}", file.path, file.source);
        }
        return Ok(());
    }
    let source = Source::read(&root, &service, options.allow_dirty)?;
    let toolchain = Toolchain::ask(&root)?;
    let parts = bundled::added(parts::linked(&root, &service.package, &toolchain)?, &service.package, &toolchain)?;
    let program = match &options.program {
        Some(path) => build::given(path, &source)?,
        None => build::release(&source, &service.package, &toolchain, &parts)?,
    };
    let name = format!("{}-{}-{}", service.name, source.version, toolchain.target);
    let bill = bill::of(&source, &service.package, &toolchain, &parts)?;
    let mut archive = Archive::new(&name, source.committed_at);
    archive.add_program(&service.name, program);
    archive.add("sbom.cdx.json", bill.as_str());
    pack(&mut archive, &source, &toolchain, &parts);
    write(&root.join(OUTPUT), &name, &archive.finish()?, &bill)
}

/// What goes beside program and bill: the facts, the project's files, the texts of licences.
fn pack(archive: &mut Archive, source: &Source, toolchain: &Toolchain, parts: &[Part]) {
    archive.add("VERSION", version(source, toolchain));
    for file in &source.files {
        archive.add_file(&file.path, file.contents.clone(), file.is_executable);
    }
    for part in parts {
        for notice in &part.notices {
            archive.add(&format!("licenses/{}-{}/{}", part.name, part.version, notice.path), notice.text.as_slice());
        }
    }
}

/// One fact a line: its name, a space, its value.
fn version(source: &Source, toolchain: &Toolchain) -> String {
    format!(
        "version {}\ncommit {}\ncommitted {}\ntarget {}\nrustc {}\n",
        source.version, source.commit, source.committed_at, toolchain.target, toolchain.release
    )
}

/// The archive, its bill once more for whoever wants only that, and what `sha256sum -c` checks them with.
fn write(folder: &Path, name: &str, archive: &[u8], bill: &str) -> anyhow::Result<()> {
    let archive_name = format!("{name}.tar.gz");
    let bill_name = format!("{name}.cdx.json");
    let line = |name: &str, bytes: &[u8]| format!("{}  {name}\n", sha256(bytes));
    let archive_line = line(&archive_name, archive);
    let sums = format!("{}{archive_line}", line(&bill_name, bill.as_bytes()));
    fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    let files: [(&str, &[u8]); 4] = [
        (&archive_name, archive),
        (&bill_name, bill.as_bytes()),
        (&format!("{archive_name}.sha256"), archive_line.as_bytes()),
        ("SHA256SUMS", sums.as_bytes()),
    ];
    for (name, bytes) in files {
        let path = folder.join(name);
        fs::write(&path, bytes).with_context(|| format!("writing {}", path.display()))?;
    }
    println!("{}", folder.join(&archive_name).display());
    print!("{sums}");
    Ok(())
}
