//! How much memory the allocator keeps for later.

/// Arenas that all threads share.
#[cfg(target_env = "gnu")]
const ARENAS: i32 = 2;

/// Lets all threads take their memory from the same few places; call it before there are any.
///
/// glibc gives every thread an arena of its own, up to eight per processor, and what is free in one is of no use to
/// another: a service with a dozen threads holds a third more than it needs, and more with each further thread that wakes up.
/// Other allocators need no such advice.
pub fn share_arenas() {
    #[cfg(target_env = "gnu")]
    {
        #[expect(unsafe_code, reason = "glibc takes this setting by a call, or from the environment before the start")]
        // SAFETY: the call takes two integers, and changes nothing but how many arenas the allocator will make.
        let accepted = unsafe { libc::mallopt(libc::M_ARENA_MAX, ARENAS) };
        debug_assert_eq!(accepted, 1, "glibc knows the setting");
    }
}
