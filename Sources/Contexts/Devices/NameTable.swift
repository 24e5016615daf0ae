#if canImport(Glibc)
  import Glibc
#endif

/// Finds a name's place from its bytes: open addressing over one array, no allocation and no hashing of `String`s.
///
/// A model's names come from the operator, not from a device, so a fixed hash cannot be attacked from outside.
struct NameTable: Sendable {
  private let slots: [UInt16]
  private let bytes: [UInt8]
  private let starts: [UInt32]
  private let mask: Int

  /// - Parameter names: different from each other, fewer than 32,768.
  init(_ names: [String]) {
    var size = 8
    while size < names.count * 2 { size *= 2 }
    var slots = [UInt16](repeating: 0, count: size)
    var bytes: [UInt8] = []
    var starts: [UInt32] = [0]
    for (index, name) in names.enumerated() {
      let utf8 = Array(name.utf8)
      bytes.append(contentsOf: utf8)
      starts.append(UInt32(bytes.count))
      var slot = utf8.withUnsafeBytes { Self.hash($0) } & (size - 1)
      while slots[slot] != 0 { slot = (slot + 1) & (size - 1) }
      slots[slot] = UInt16(index + 1)
    }
    self.slots = slots
    self.bytes = bytes
    self.starts = starts
    self.mask = size - 1
  }

  func index(of name: UnsafeRawBufferPointer) -> Int? {
    var slot = Self.hash(name) & mask
    while true {
      let entry = slots[slot]
      if entry == 0 { return nil }
      let index = Int(entry) - 1
      if equals(index, name) { return index }
      slot = (slot + 1) & mask
    }
  }

  private func equals(_ index: Int, _ name: UnsafeRawBufferPointer) -> Bool {
    let start = Int(starts[index])
    let count = Int(starts[index + 1]) - start
    guard count == name.count else { return false }
    guard let given = name.baseAddress, count > 0 else { return count == 0 }
    return bytes.withUnsafeBytes { stored in
      guard let base = stored.baseAddress else { return false }
      return memcmp(base + start, given, count) == 0
    }
  }

  /// FNV-1a, 64 bits.
  private static func hash(_ name: UnsafeRawBufferPointer) -> Int {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in name { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return Int(truncatingIfNeeded: (hash ^ hash >> 32) & 0x7fff_ffff)
  }
}
