internal import CGuomi

extension RandomSource {
  /// The kernel's generator, getrandom(2): waits at boot until there is enough entropy. For programs to hand in.
  public static let operatingSystem = RandomSource {
    (buffer: UnsafeMutableRawBufferPointer) throws(RandomFailure) in
    guard guomi_system_random(buffer.baseAddress, buffer.count) == 1 else {
      throw RandomFailure(reason: "getrandom failed")
    }
  }
}
