import Foundation
import Glibc

/// One line of the table: ours, the peers, the ratios.
struct CryptoRow {
  let item: CryptoCase
  /// Million bytes a second.
  let ours: Double
  /// The same of the peers, by name; and how many times faster ours is, the median over the rounds.
  let peers: [String: (rate: Double, ratio: Double)]
  private let names: [String]

  /// Measures, after comparing the results.
  ///
  /// - Throws: `Difference` when one gives other bytes: a figure of a wrong result says nothing.
  init(_ item: CryptoCase, peers all: [any CryptoPeer], rounds: Int) throws {
    self.item = item
    names = all.map(\.name)
    var operations = all.compactMap { peer in
      peer.operation(item.algorithm, item.byteCount).map { (name: peer.name, operation: $0) }
    }
    operations.insert(("ours", item.ours), at: 0)
    for one in operations { one.operation.step() }
    for one in operations where one.operation.output() != item.ours.output() {
      throw Difference(name: item.name, peer: one.name)
    }

    var rates: [String: [Double]] = [:]
    for _ in 0..<rounds {
      for one in operations { rates[one.name, default: []].append(Self.rate(one.operation.step, item.byteCount)) }
    }
    let own = rates.removeValue(forKey: "ours") ?? []
    ours = Self.median(own)
    peers = rates.mapValues { theirs in (Self.median(theirs), Self.median(zip(own, theirs).map { $0 / $1 })) }
  }

  struct Difference: Error {
    let name: String
    let peer: String
  }

  /// Million bytes a second of the thread's processor time, over about ten milliseconds.
  static func rate(_ step: () -> Void, _ byteCount: Int) -> Double {
    var count = 1
    while true {
      let begin = processorSeconds()
      for _ in 0..<count { step() }
      let seconds = processorSeconds() - begin
      if seconds > 0.01 { return Double(count) * Double(byteCount) / seconds / 1e6 }
      count *= seconds < 0.001 ? 8 : 2
    }
  }

  /// Time in which others run does not count.
  private static func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

  static func heading(_ peers: [String]) -> String {
    let columns = peers.flatMap { [$0 + " MB/s", "ratio"] }
    return "| what | bytes | ours MB/s | \(columns.joined(separator: " | ")) |\n"
      + String(repeating: "|---", count: 3 + columns.count) + "|"
  }

  var line: String {
    let columns = names.flatMap { name -> [String] in
      guard let peer = peers[name] else { return ["–", "–"] }
      return [Self.number(peer.rate, 0), Self.number(peer.ratio, 2) + " ×"]
    }
    return "| \(item.name) | \(item.byteCount) | \(Self.number(ours, 0)) | \(columns.joined(separator: " | ")) |"
  }

  static func number(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
}

/// What the issue asks of a row.
struct CryptoTarget {
  let algorithm: CryptoCase.Algorithm
  let byteCount: Int
  /// Nil for all of them.
  let peer: String?
  let ratio: Double

  static let all = [
    CryptoTarget(algorithm: .ctr, byteCount: 16_384, peer: "OpenSSL", ratio: 20),
    CryptoTarget(algorithm: .ctr, byteCount: 16_384, peer: "libgcrypt", ratio: 3),
    CryptoTarget(algorithm: .gcm, byteCount: 16_384, peer: "libgcrypt", ratio: 2.5),
    CryptoTarget(algorithm: .gcm, byteCount: 1_024, peer: "libgcrypt", ratio: 2.5),
    // No slower than the best of the three, less what two runs of the same code differ by.
    CryptoTarget(algorithm: .sm3, byteCount: 16_384, peer: nil, ratio: 0.97),
  ]

  func verdict(_ rows: [CryptoRow]) -> String {
    let row = rows.first { $0.item.algorithm == algorithm && $0.item.byteCount == byteCount && $0.item.path == nil }
    let found = peer.map { row?.peers[$0]?.ratio } ?? row?.peers.values.map(\.ratio).min()
    let what = "\(algorithm.rawValue), \(byteCount) bytes, beside \(peer ?? "the best")"
    guard let found else { return "\(what): not measured (target \(ratio) ×)" }
    let verdict = found >= ratio ? "reached" : "MISSED"
    return "\(what): \(CryptoRow.number(found, 2)) × (target \(ratio) ×): \(verdict)"
  }
}
