package import Kernel
import Logging

extension Devices {
  /// The last value of each property; needs `devices.read`.
  package func latest(_ id: ID<Device>, by principal: Principal) async throws(DevicesError) -> [LatestValue] {
    let (number, since) = try await readable(id, by: principal)
    let archive = try archive
    let values = try await reading { try await archive.latest(number) }
    return values.filter { $0.receivedAt >= since }
  }

  /// The last values of many devices, for lists and boards; needs `devices.read`. At most 1,000 devices; those of other
  /// organisations are left out.
  package func latest(
    _ ids: [ID<Device>], by principal: Principal
  ) async throws(DevicesError) -> [ID<Device>: [LatestValue]] {
    try principal.may(.devicesRead)
    guard ids.count <= 1_000 else { throw .rangeInvalid(problem: "at most 1000 devices") }
    let owned = try await work.read(DevicesError.self) { sql in try sql.owned(ids, by: principal) }
    let archive = try archive
    let values = try await reading { try await archive.latest(owned.map(\.number)) }
    var result: [ID<Device>: [LatestValue]] = [:]
    for device in owned {
      result[device.id] = (values[device.number] ?? []).filter { $0.receivedAt >= device.since }
    }
    return result
  }

  /// A part of one property's history; needs `devices.read`.
  package func history(
    _ id: ID<Device>, _ query: HistoryQuery, by principal: Principal
  ) async throws(DevicesError) -> History {
    let (number, since) = try await readable(id, by: principal)
    guard let model = directory[number]?.model, model.property(named: query.property) != nil else {
      throw .propertyUnknown(query.property)
    }
    guard query.from < query.to else { throw .rangeInvalid(problem: "from must be before to") }
    if let bucket = query.bucketSeconds {
      guard (1...31_622_400).contains(bucket) else {
        throw .rangeInvalid(problem: "a bucket has 1 to 31622400 seconds")
      }
      let span = query.to.microseconds(since: query.from)
      guard span / (Int64(bucket) * 1_000_000) < 5_000 else { throw .rangeInvalid(problem: "more than 5000 buckets") }
    }
    // What came before belongs to an earlier owner.
    let own = HistoryQuery(
      property: query.property, from: max(query.from, since), to: max(query.to, since),
      bucketSeconds: query.bucketSeconds, limit: query.limit, cursor: query.cursor)
    guard own.from < own.to else { return query.bucketSeconds == nil ? .samples([], next: nil) : .buckets([]) }
    let archive = try archive
    return try await reading { try await archive.history(number, own) }
  }

  /// Messages as they came, newest first, while the log holds them; needs `devices.read`.
  package func rawMessages(
    _ id: ID<Device>, _ page: PageRequest, by principal: Principal
  ) async throws(DevicesError) -> Page<RawMessage> {
    let (number, since) = try await readable(id, by: principal)
    let archive = try archive
    let messages = try await reading { try await archive.rawMessages(number, page) }
    let own = messages.items.filter { $0.receivedAt >= since }
    return Page(items: own, next: own.count < messages.items.count ? nil : messages.next)
  }

  /// How much of what the device numbered has arrived: days of China's time, oldest first, at most 366; needs
  /// `devices.read`.
  package func completeness(
    _ id: ID<Device>, from: LocalDate, through: LocalDate, by principal: Principal
  ) async throws(DevicesError) -> [DayCompleteness] {
    let (number, _) = try await readable(id, by: principal)
    guard from <= through, through.dayNumber - from.dayNumber < 366 else {
      throw .rangeInvalid(problem: "1 to 366 days, the first not after the last")
    }
    let archive = try archive
    return try await reading {
      try await archive.completeness(
        number, from: from, through: through, offsetMinutes: Self.dayOffsetMinutes)
    }
  }

  /// The device's number, and the moment from which its data is its owner's.
  func readable(
    _ id: ID<Device>, by principal: Principal
  ) async throws(DevicesError) -> (number: DeviceNumber, since: Instant) {
    try principal.may(.devicesRead)
    let found = try await work.read(DevicesError.self) { sql in
      try sql.owned([id], by: principal).first
    }
    guard let found else { throw .deviceUnknown }
    return (found.number, found.since)
  }

  /// Runs a call of the archive; an error that is no `DevicesError` is the store's.
  func reading<T: Sendable>(_ body: @Sendable () async throws -> T) async throws(DevicesError) -> T {
    do { return try await body() } catch let error as DevicesError { throw error } catch TelemetryError.cursor {
      throw .cursorInvalid
    } catch TelemetryError.range {
      throw .rangeInvalid(problem: "it cannot be read as asked")
    } catch {
      work.logger.warning("telemetry cannot be read", metadata: ["error": "\(error)"])
      throw .store(StoreFailure(error))
    }
  }
}

/// A device whose data an organisation may read, and since when it is its own.
struct OwnedDevice: Sendable {
  let id: ID<Device>
  let number: DeviceNumber
  /// The beginning of time for its first owner, so that what a device kept from before its registration counts too.
  let since: Instant
}
