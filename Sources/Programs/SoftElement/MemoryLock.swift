import CLinux
import Glibc
package import SecureElement

/// Keeps keys out of the swap: all memory where the system allows it, else all the heap and the stack, which is where
/// keys are.
///
/// The heap is made one piece that grows at its end, so that one lock covers it; what it grows by is locked after each
/// call.
package struct MemoryLock {
  /// Whether every page is locked.
  package let isAll: Bool
  private var heapEnd: UInt

  private static let stackByteCount: UInt = 256 << 10
  /// Taken at the start, so that the heap grows rarely.
  private static let heapByteCount = 2 << 20

  /// - Throws: `.inside` when not even the heap can be locked (RLIMIT_MEMLOCK below some 4 MiB).
  package init() throws(SecureElementError) {
    // One heap for all threads, grown by brk, never by mmap, never given back.
    for (option, value) in [(M_ARENA_MAX, 1), (M_MMAP_THRESHOLD, 32 << 20), (M_TRIM_THRESHOLD, 1 << 30)] {
      guard mallopt(option, Int32(value)) == 1 else { throw .inside }
    }
    free(malloc(Self.heapByteCount))
    heapEnd = UInt(bitPattern: sbrk(0))
    // As pages come into use: what nobody touches holds no key.
    if mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0 {
      isAll = true
      return
    }
    isAll = false
    guard let start = malloc(16) else { throw .inside }
    defer { free(start) }
    let first = UInt(bitPattern: start) & ~0xfff
    // From the first block of the heap that is still ours to see back over what came before: a malloc'd heap begins
    // below it by what was in use at the program's start, which is no key.
    guard Self.lock(first, heapEnd), lockStack() else { throw .inside }
  }

  /// Locks what the heap has grown by.
  ///
  /// - Throws: `.inside`: the element has to end rather than go on with keys that may be written to the disk.
  package mutating func extend() throws(SecureElementError) {
    guard !isAll else { return }
    let end = UInt(bitPattern: sbrk(0))
    guard end > heapEnd else { return }
    guard Self.lock(heapEnd & ~0xfff, end) else { throw .inside }
    heapEnd = end
  }

  private func lockStack() -> Bool {
    var here = 0
    return withUnsafeMutablePointer(to: &here) { pointer in
      let top = (UInt(bitPattern: pointer) | 0xfff) + 1
      return Self.lock(top - Self.stackByteCount, top)
    }
  }

  private static func lock(_ start: UInt, _ end: UInt) -> Bool {
    guard start < end else { return true }
    return mlock(UnsafeRawPointer(bitPattern: start), Int(end - start)) == 0
  }
}
