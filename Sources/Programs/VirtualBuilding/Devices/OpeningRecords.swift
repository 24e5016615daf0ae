import DeviceKit

/// The opening records on the lock (clause 6.1.2 e): numbered, kept across power cuts, the oldest overwritten at the
/// end of the memory. What was not yet handed over is uploaded when the platform can be reached, marked late.
struct OpeningRecords: Sendable {
  /// Records the lock has room for.
  static let countMax = 500

  /// One opening, or one refusal.
  struct Record: Hashable, Sendable {
    let number: Int64
    let time: Int64
    let method: String
    let credential: String
    /// Empty when the door opened.
    let refusal: String
  }

  private(set) var records: [Record] = []
  private(set) var uploadedThrough: Int64 = 0
  private var next: Int64 = 1

  /// Records not yet handed over.
  var waitingCount: Int { records.count { $0.number > uploadedThrough } }

  mutating func recall(_ desk: DeviceDesk) {
    next = desk.rememberedNumber("recordNext") ?? 1
    uploadedThrough = desk.rememberedNumber("recordUploaded") ?? 0
    records = (max(1, next - Int64(Self.countMax))..<max(1, next)).compactMap { number in
      desk.remembered(Self.slot(number)).flatMap { Self.read($0) }.flatMap { $0.number == number ? $0 : nil }
    }
  }

  /// Writes a record down, and hands it over at once when the platform can be reached.
  mutating func add(method: String, credential: String, refusal: String, _ desk: inout DeviceDesk) {
    let record = Record(number: next, time: desk.time, method: method, credential: credential, refusal: refusal)
    next += 1
    records.append(record)
    if records.count > Self.countMax { records.removeFirst() }
    desk.remember(Self.slot(record.number), Self.write(record))
    desk.remember("recordNext", number: next)
    guard desk.isOnline else { return }
    upload(&desk, isLate: false)
  }

  /// Hands over what waits.
  mutating func upload(_ desk: inout DeviceDesk, isLate: Bool = true) {
    for record in records where record.number > uploadedThrough {
      tell(record, isLate: isLate, &desk)
      uploadedThrough = record.number
    }
    desk.remember("recordUploaded", number: uploadedThrough)
  }

  /// Hands records over again, at most 200 at a time; returns how many.
  func uploadAgain(from: Int64, to: Int64, _ desk: inout DeviceDesk) -> Int {
    let asked = records.filter { $0.number >= from && $0.number <= to }.prefix(200)
    for record in asked { tell(record, isLate: true, &desk) }
    return asked.count
  }

  private func tell(_ record: Record, isLate: Bool, _ desk: inout DeviceDesk) {
    var values: DeviceValues = ["method": .text(record.method)]
    if !record.refusal.isEmpty { values["reason"] = .text(record.refusal) }
    if !record.credential.isEmpty { values["credential"] = .text(record.credential) }
    values["record"] = .integer(record.number)
    values["late"] = .bool(isLate)
    if record.refusal.isEmpty {
      desk.raise("opened", .info, values, at: record.time)
    } else {
      // One wrong password is no alarm; five in a row are, with an event of their own.
      desk.raise("openRefused", .info, values, at: record.time)
    }
  }

  private static func slot(_ number: Int64) -> String { "record\(number % Int64(countMax))" }

  private static func write(_ record: Record) -> [UInt8] {
    Array("\(record.number)|\(record.time)|\(record.method)|\(record.credential)|\(record.refusal)".utf8)
  }

  private static func read(_ bytes: [UInt8]) -> Record? {
    let parts = String(decoding: bytes, as: UTF8.self).split(separator: "|", omittingEmptySubsequences: false)
    guard parts.count == 5, let number = Int64(parts[0]), let time = Int64(parts[1]) else { return nil }
    return Record(
      number: number, time: time, method: String(parts[2]), credential: String(parts[3]), refusal: String(parts[4]))
  }
}
