/// The device's memory of commands: which were taken, how they ended. It survives a restart, so that a command comes
/// true once however often it arrives.
struct CommandBook: Sendable {
  /// Commands remembered; the oldest finished one is forgotten first.
  static let countMax = 256
  static let keyPrefix = "c/"

  /// What to do with a command that arrived.
  enum Decision: Hashable {
    case perform
    /// Already finished, or refused now: say this.
    case answer([UInt8])
    /// Being done: say `received` again.
    case underWay
  }

  private struct Record: Sendable {
    var order: Int64
    var answer: [UInt8]?
  }

  private var records: [String: Record] = [:]
  private var nextOrder: Int64 = 0

  /// Reads the book from memory. Commands that were taken but not finished when the power went are answered as failed:
  /// whether they came true is not known, and they are not tried again.
  init(cells: [String: [UInt8]], interrupted: inout [String]) {
    for (key, value) in cells where key.hasPrefix(Self.keyPrefix) {
      guard let line = value.firstIndex(of: UInt8(ascii: "\n")),
        let order = Int64(String(decoding: value[..<line], as: UTF8.self))
      else { continue }
      let answer = Array(value[(line + 1)...])
      let id = String(key.dropFirst(Self.keyPrefix.count))
      records[id] = Record(order: order, answer: answer.isEmpty ? nil : answer)
      nextOrder = max(nextOrder, order + 1)
    }
    interrupted = records.filter { $0.value.answer == nil }.sorted { $0.value.order < $1.value.order }.map(\.key)
  }

  /// A command arrived.
  ///
  /// - Parameters:
  ///   - time: the corrected clock; nil while it has not been set since the start.
  ///   - lacksProtection: the device has keys, and the command came without.
  mutating func receive(
    _ command: Command, rule: ServiceRule?, time: Int64?, lacksProtection: Bool = false,
    changes: inout [FlashChange]
  ) -> Decision {
    if lacksProtection, let rule, rule.isDangerous || rule.isProtected {
      // Not written down: the same command may still come as it should.
      return .answer(
        CommandOutcome.refused(code: "unprotected", message: "this device takes it only protected by its keys")
          .members(id: command.id))
    }
    if let record = records[command.id] { return record.answer.map(Decision.answer) ?? .underWay }
    if let refusal = refusal(of: command, rule: rule, time: time) {
      return .answer(finish(command.id, refusal, changes: &changes))
    }
    write(command.id, answer: nil, &changes)
    return .perform
  }

  /// A command ended; returns the members of its reply.
  mutating func finish(_ id: String, _ outcome: CommandOutcome, changes: inout [FlashChange]) -> [UInt8] {
    let answer = outcome.members(id: id)
    write(id, answer: answer, &changes)
    return answer
  }

  private func refusal(of command: Command, rule: ServiceRule?, time: Int64?) -> CommandOutcome? {
    guard let rule else {
      return .refused(code: "unknownService", message: "this device does not offer the service")
    }
    guard let time else {
      return rule.isDangerous
        ? .refused(code: "clockNotSet", message: "the clock has not been set since the start") : nil
    }
    return time > command.deadline ? .refused(code: "late", message: "the deadline has passed") : nil
  }

  private mutating func write(_ id: String, answer: [UInt8]?, _ changes: inout [FlashChange]) {
    let order = records[id]?.order ?? nextOrder
    nextOrder = max(nextOrder, order + 1)
    records[id] = Record(order: order, answer: answer)
    changes.append(.put(key: Self.keyPrefix + id, value: Array("\(order)\n".utf8) + (answer ?? [])))
    guard records.count > Self.countMax,
      let oldest = records.filter({ $0.value.answer != nil }).min(by: { $0.value.order < $1.value.order })
    else { return }
    records[oldest.key] = nil
    changes.append(.delete(key: Self.keyPrefix + oldest.key))
  }
}
