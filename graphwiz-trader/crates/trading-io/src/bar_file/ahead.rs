//! Reading a file while what was read of it is looked at.
//!
//! Start at [`read_ahead`]. To read, unpack and hash takes about as long as to make bars of it, and needs another
//! processor.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::source::{Source, Text};

const PIECE: usize = 1 << 17;
/// So many pieces are read ahead at most.
const PIECES: usize = 4;

/// A piece of a text, and how many bytes of the file were read for it and those before it.
type Piece = (io::Result<Vec<u8>>, u64);

/// Runs `work` on the text of a file, which another thread reads; `progress` hears how many bytes of the file are done.
/// Beside the result of `work` it gives the SHA-256 of the file, or of what was read, if `work` did not want all.
///
/// # Errors
/// The system gives no thread. What goes wrong with the file is told to `work` alone.
pub(super) fn read_ahead<T>(
    source: Source,
    progress: &mut dyn FnMut(u64),
    work: impl FnOnce(Box<dyn Read + '_>) -> T,
) -> io::Result<(T, [u8; 32])> {
    let (sender, pieces) = sync_channel(PIECES);
    thread::scope(|scope| {
        let reader = thread::Builder::new().spawn_scoped(scope, move || send(source.into_text(), &sender))?;
        // It owns the receiving end, so that the reader stops once the work is done.
        let result = work(Box::new(Ahead { pieces, progress, piece: Vec::new(), at: 0 }));
        let sha256 = reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok((result, sha256))
    })
}

fn send(mut text: Text, sender: &SyncSender<Piece>) -> [u8; 32] {
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        let outcome = text.by_ref().take(PIECE as u64).read_to_end(&mut piece);
        let is_end = piece.is_empty() || outcome.is_err();
        // What came before a fault comes first.
        let is_wanted = sender.send((Ok(piece), text.bytes_read())).is_ok();
        if let Err(error) = outcome {
            // Whoever no longer listens has found another fault before.
            let _nobody_listens = sender.send((Err(error), text.bytes_read()));
        }
        if is_end || !is_wanted {
            return text.sha256();
        }
    }
}

/// The text as it comes from the other thread.
struct Ahead<'a> {
    pieces: Receiver<Piece>,
    progress: &'a mut dyn FnMut(u64),
    piece: Vec<u8>,
    at: usize,
}

impl Read for Ahead<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.piece.len() {
            // The other end is gone after the last piece.
            let Ok((piece, bytes_read)) = self.pieces.recv() else { return Ok(0) };
            (self.piece, self.at) = (piece?, 0);
            (self.progress)(bytes_read);
        }
        let n = buffer.len().min(self.piece.len() - self.at);
        buffer[..n].copy_from_slice(&self.piece[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}
