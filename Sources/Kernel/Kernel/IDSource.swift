/// Where new ids come from. Passed in, so that a test's ids are the same in every run.
package struct IDSource: Sendable {
  private let random: @Sendable () -> (UInt64, UInt64)
  private let time: Timekeeper

  /// - Parameters:
  ///   - time: gives the milliseconds an id begins with.
  ///   - random: gives 128 fresh random bits a call; 74 of them are used.
  package init(time: Timekeeper, random: @escaping @Sendable () -> (UInt64, UInt64)) {
    self.time = time
    self.random = random
  }

  /// A new id, never given before.
  package func next<Entity>(_: Entity.Type = Entity.self) -> ID<Entity> {
    let milliseconds = UInt64(max(0, time.now().microseconds / 1_000)) & 0xffff_ffff_ffff
    let (first, second) = random()
    return ID(
      high: milliseconds << 16 | 0x7000 | first & 0xfff,
      low: 0x8000_0000_0000_0000 | second >> 2
    )
  }
}
