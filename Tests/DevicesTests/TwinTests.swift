import Kernel
import TestSupport
import Testing

@testable import Devices

@Suite("Twins")
struct TwinTests {
  @Test("what is desired is not shown as what is, until the device reports it", .clause("7.1.1"))
  func desired() async throws {
    let fixture = try await Fixture()
    let lock = try await fixture.lock()
    fixture.sessions.connect(lock, at: fixture.fresh.clock.now)
    let reconciler = TwinReconciler(devices: fixture.devices)
    let twin = try await fixture.devices.desire(
      lock.id, ["autoLockSeconds": .integer(30)], expecting: 0, by: fixture.principal)
    #expect(twin.desiredVersion == 1 && twin.differs)
    #expect(twin.entries.first { $0.property == "autoLockSeconds" }?.reported == nil)
    try await reconciler.reconcile(lock.number)
    #expect(fixture.sessions.texts == [#"{"version":1,"desired":{"autoLockSeconds":30}}"#])
    try await reconciler.reconcile(lock.number)
    #expect(fixture.sessions.sent.count == 1)
    _ = try await fixture.handle(
      #"{"boot":1,"seq":4,"ts":1,"reported":{"autoLockSeconds":30}}"#, .reported, from: lock, sequence: 4)
    let after = try await fixture.devices.twin(lock.id, by: fixture.principal)
    #expect(!after.differs && after.reportedVersion == 1)
    fixture.fresh.clock.advance(by: .seconds(60))
    try await reconciler.sweep()
    #expect(fixture.sessions.sent.count == 1)
  }

  @Test("while the device does not report it, the desired part goes out again with growing pauses, and at a reconnect")
  func again() async throws {
    let fixture = try await Fixture()
    let lock = try await fixture.lock()
    fixture.sessions.connect(lock, at: fixture.fresh.clock.now)
    let reconciler = TwinReconciler(devices: fixture.devices)
    _ = try await fixture.devices.desire(lock.id, ["soundOn": .bool(false)], expecting: nil, by: fixture.principal)
    var counts: [Int] = []
    for seconds in [0, 29, 1, 30, 30, 60] {
      fixture.fresh.clock.advance(by: .seconds(seconds))
      try await reconciler.sweep()
      counts.append(fixture.sessions.sent.count)
    }
    #expect(counts == [1, 1, 2, 2, 3, 3])
    fixture.sessions.connect(lock, at: fixture.fresh.clock.now)
    try await reconciler.sweep()
    #expect(fixture.sessions.sent.count == 4)
  }

  @Test("an older report that comes late does not undo a newer one")
  func order() async throws {
    let fixture = try await Fixture()
    let lock = try await fixture.lock()
    _ = try await fixture.handle(
      #"{"boot":2,"seq":0,"ts":1,"reported":{"autoLockSeconds":30}}"#, .reported, from: lock, boot: 2)
    _ = try await fixture.handle(
      #"{"boot":1,"seq":9,"ts":1,"reported":{"autoLockSeconds":5}}"#, .reported, from: lock, boot: 1, sequence: 9)
    let twin = try await fixture.devices.twin(lock.id, by: fixture.principal)
    #expect(twin.entries.first { $0.property == "autoLockSeconds" }?.reported == .integer(30))
  }

  @Test("measured, unknown and impossible values cannot be desired, and reported ones are rejected with their reason")
  func wrong() async throws {
    let fixture = try await Fixture()
    let lock = try await fixture.lock()
    func desire(_ key: String, _ value: PropertyValue, version: Int64? = nil) async throws {
      _ = try await fixture.devices.desire(lock.id, [key: value], expecting: version, by: fixture.principal)
    }
    await #expect(throws: DevicesError.propertyReadOnly("locked")) { try await desire("locked", .bool(true)) }
    await #expect(throws: DevicesError.propertyUnknown("colour")) { try await desire("colour", .text("red")) }
    await #expect(throws: DevicesError.self) { try await desire("wrongPasswordLimit", .integer(6)) }
    await #expect(throws: DevicesError.stale(current: 0)) { try await desire("soundOn", .bool(true), version: 3) }
    let rejected = try await fixture.handle(
      #"{"boot":1,"seq":0,"ts":1,"reported":{"locked":true,"wrongPasswordLimit":6,"soundOn":"yes"}}"#, .reported,
      from: lock)
    #expect(rejected.map(\.reason) == ["property.unknown", "value.range", "value.type"])
  }
}
