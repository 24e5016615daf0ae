import Crypto
import MerkleLog

/// The tree as RFC 6962 defines it, by recursion over the entries: slow, plain, and without anything of ours but the
/// digests.
enum ReferenceTree {
  static let hash = MerkleHash(name: "SHA-256") { bytes in Array(SHA256.hash(data: bytes)) }

  private static func sha(_ bytes: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: bytes)) }

  /// MTH.
  static func root(_ entries: ArraySlice<[UInt8]>) -> [UInt8] {
    if entries.isEmpty { return sha([]) }
    if entries.count == 1 { return sha([0] + entries[entries.startIndex]) }
    let middle = entries.startIndex + split(entries.count)
    return sha([1] + root(entries[..<middle]) + root(entries[middle...]))
  }

  /// PATH.
  static func path(_ leaf: Int, _ entries: ArraySlice<[UInt8]>) -> [[UInt8]] {
    if entries.count == 1 { return [] }
    let middle = entries.startIndex + split(entries.count)
    return leaf < middle
      ? path(leaf, entries[..<middle]) + [root(entries[middle...])]
      : path(leaf, entries[middle...]) + [root(entries[..<middle])]
  }

  /// SUBPROOF; PROOF begins it with the whole.
  static func growth(_ old: Int, _ entries: ArraySlice<[UInt8]>, isWhole: Bool = true) -> [[UInt8]] {
    if old == entries.endIndex { return isWhole ? [] : [root(entries)] }
    let middle = entries.startIndex + split(entries.count)
    return old <= middle
      ? growth(old, entries[..<middle], isWhole: isWhole) + [root(entries[middle...])]
      : growth(old, entries[middle...], isWhole: false) + [root(entries[..<middle])]
  }

  private static func split(_ count: Int) -> Int {
    var power = 1
    while power * 2 < count { power *= 2 }
    return power
  }

  /// The first entries of a log, all different.
  static func entries(_ count: Int) -> [[UInt8]] {
    (0..<count).map { number in Array("entry \(number)".utf8) }
  }

  /// A log of ours with these entries.
  static func memory(_ entries: [[UInt8]]) -> MerkleMemory {
    var memory = MerkleMemory(hash: hash)
    for entry in entries { memory.append(entry) }
    return memory
  }
}
