//! scrypt (RFC 7914) as cosign's keys have it, with r = 8 and p = 1. What takes the time is Salsa20/8 over 64 MiB, each block after
//! the one before: in plain words a processor works on four quarters of a block at once, where vectors of four words, which the
//! crate uses, wait for each other. Knows no keys.

use std::time::{Duration, Instant};
use std::{hint, mem, thread};

use pbkdf2::pbkdf2_hmac;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::KeyError;
use crate::adapters::sandbox::{LARGE_PAGE, ask_for_large_pages};

/// Blocks of 64 bytes mixed together: 2r.
const BLOCKS: usize = 16;

/// Bytes of a page, at least.
const SMALL_PAGE: usize = 4 << 10;
/// A large page takes about a tenth of a millisecond where the machine has it.
const SLOW: Duration = Duration::from_micros(500);

/// What Salsa20 works on, in its words.
type Block = [u32; 16];
type Blocks = [Block; BLOCKS];

/// Derives `out` from a passphrase, at a cost of 2^`log_n`.
pub(super) fn derive(passphrase: &[u8], salt: &[u8], log_n: u8, out: &mut [u8]) -> Result<(), KeyError> {
    if cfg!(debug_assertions) {
        // Built without optimisation ours takes seconds; the crate is always built with it.
        let params = ::scrypt::Params::new(log_n, 8, 1).map_err(|e| KeyError::Envelope(e.to_string()))?;
        return ::scrypt::scrypt(passphrase, salt, &params, out).map_err(|e| KeyError::Envelope(e.to_string()));
    }
    derive_here(passphrase, salt, log_n, out);
    Ok(())
}

fn derive_here(passphrase: &[u8], salt: &[u8], log_n: u8, out: &mut [u8]) {
    let mut bytes = Zeroizing::new([0_u8; BLOCKS * 64]);
    pbkdf2_hmac::<Sha256>(passphrase, salt, 1, &mut bytes[..]);
    let mut blocks: Zeroizing<Blocks> = Zeroizing::new([[0; 16]; BLOCKS]);
    for (word, four) in blocks.as_flattened_mut().iter_mut().zip(bytes.as_chunks().0) {
        *word = u32::from_le_bytes(*four);
    }
    mix_all(&mut blocks, 1 << log_n);
    for (word, four) in blocks.as_flattened().iter().zip(bytes.as_chunks_mut().0) {
        *four = word.to_le_bytes();
    }
    pbkdf2_hmac::<Sha256>(passphrase, &bytes[..], 1, out);
}

/// ROMix: `n` states, each mixed of the one before, then `n` more, each with one of the first that it names itself.
fn mix_all(blocks: &mut Blocks, n: usize) {
    // Memory that nobody had for long is slow to get. One half comes meanwhile.
    let later = thread::Builder::new().spawn(move || room_for(n / 2));
    let mut first = room_for(n / 2);
    let (mut state, mut next) = (*blocks, *blocks);
    let mut fill = |half: &mut Vec<Blocks>| {
        for _ in 0..n / 2 {
            half.push(state);
            mix(&state, |_, block| block, &mut next);
            mem::swap(&mut state, &mut next);
        }
    };
    fill(&mut first);
    let later = later.ok().and_then(|later| later.join().ok());
    let mut second = later.unwrap_or_else(|| room_for(n / 2));
    fill(&mut second);
    for _ in 0..n {
        // `n` is a power of two, so that a word less of the number is enough.
        let at = state[BLOCKS - 1][0] as usize & (n - 1);
        let other = if at < n / 2 { &first[at] } else { &second[at - n / 2] };
        // Which one is known only now: all of it is asked of the memory at once, instead of block after block as it is mixed.
        hint::black_box(other.iter().fold(0, |all, block| all | block[0]));
        mix(&state, |at, block| xor(&block, &other[at]), &mut next);
        mem::swap(&mut state, &mut next);
    }
    *blocks = state;
}

/// Room for states, all of it had from the system. Large pages are faster to read all over, and to get: but a virtual machine may
/// have given them back to its host, where small ones, of which it keeps some, come several times as fast.
fn room_for(states: usize) -> Vec<Blocks> {
    let mut room: Vec<Blocks> = Vec::with_capacity(states);
    let mut left = room.spare_capacity_mut();
    ask_for_large_pages(left, true);
    let mut slow = 0;
    while !left.is_empty() {
        let (piece, further) = left.split_at_mut(left.len().min(LARGE_PAGE / size_of::<Blocks>()));
        let begun = Instant::now();
        for state in piece.iter_mut().step_by(SMALL_PAGE / size_of::<Blocks>()) {
            state.write([[0; 16]; BLOCKS]);
        }
        // One that is slow may be so by chance.
        slow += usize::from(begun.elapsed() > SLOW);
        if slow == 2 {
            ask_for_large_pages(further, false);
        }
        left = further;
    }
    room
}

/// BlockMix of what `with` makes of the blocks: even ones come to lie before odd ones.
#[inline(always)]
fn mix(blocks: &Blocks, with: impl Fn(usize, Block) -> Block, mixed: &mut Blocks) {
    let mut last = with(BLOCKS - 1, blocks[BLOCKS - 1]);
    for (at, block) in blocks.iter().enumerate() {
        last = salsa(&xor(&last, &with(at, *block)));
        mixed[at / 2 + at % 2 * (BLOCKS / 2)] = last;
    }
}

#[inline(always)]
fn xor(one: &Block, other: &Block) -> Block {
    std::array::from_fn(|at| one[at] ^ other[at])
}

/// Salsa20/8: columns and rows in turn, four times.
#[inline(always)]
fn salsa(block: &Block) -> Block {
    let mut x = *block;
    for _ in 0..4 {
        for quarter in [[0, 4, 8, 12], [5, 9, 13, 1], [10, 14, 2, 6], [15, 3, 7, 11]] {
            turn(&mut x, quarter);
        }
        for quarter in [[0, 1, 2, 3], [5, 6, 7, 4], [10, 11, 8, 9], [15, 12, 13, 14]] {
            turn(&mut x, quarter);
        }
    }
    std::array::from_fn(|at| x[at].wrapping_add(block[at]))
}

#[inline(always)]
fn turn(x: &mut Block, [a, b, c, d]: [usize; 4]) {
    x[b] ^= x[a].wrapping_add(x[d]).rotate_left(7);
    x[c] ^= x[b].wrapping_add(x[a]).rotate_left(9);
    x[d] ^= x[c].wrapping_add(x[b]).rotate_left(13);
    x[a] ^= x[d].wrapping_add(x[c]).rotate_left(18);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_derived_is_what_the_rfc_and_the_crate_derive() {
        let mut out = [0; 64];
        // RFC 7914, section 12: the one of its vectors with r = 8 and p = 1 that is no minute's work without optimisation.
        derive_here(b"pleaseletmein", b"SodiumChloride", 14, &mut out);
        let known = "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2\
                     d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887";
        assert_eq!(hex::encode(out), known);
        for log_n in 1..9 {
            let (mut ours, mut theirs) = ([0; 32], [0; 32]);
            derive_here(&[log_n; 70], b"", log_n, &mut ours);
            let params = ::scrypt::Params::new(log_n, 8, 1).unwrap();
            ::scrypt::scrypt(&[log_n; 70], b"", &params, &mut theirs).unwrap();
            assert_eq!(ours, theirs, "2^{log_n}");
        }
    }
}
