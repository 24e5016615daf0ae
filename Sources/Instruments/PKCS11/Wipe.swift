import Glibc

/// Overwrites memory with a call that the compiler may not remove.
func wipe(_ memory: UnsafeMutableRawBufferPointer) {
  guard let address = memory.baseAddress else { return }
  explicit_bzero(address, memory.count)
}
