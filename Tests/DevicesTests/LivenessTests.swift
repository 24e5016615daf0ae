import Kernel
import TestSupport
import Testing

@testable import Devices

@Suite("Liveness")
struct LivenessTests {
  private func running(_ fixture: Fixture) async throws -> LivenessService {
    let service = LivenessService(devices: fixture.devices, board: fixture.board)
    try await service.open()
    return service
  }

  private func state(_ device: Device, _ fixture: Fixture) async throws -> LivenessState {
    try await fixture.devices.device(device.id, by: fixture.principal).liveness.state
  }

  @Test("a connected device that does not report is stale, one that is gone is offline: by its own model's contract",
    .clause("7.1.2f", "8.6d"))
  func states() async throws {
    let fixture = try await Fixture()
    let (lock, service) = (try await fixture.lock(), try await running(fixture))
    #expect(try await state(lock, fixture) == .unseen)
    fixture.board.connected([lock.number], at: fixture.fresh.clock.now)
    try await service.turn()
    #expect(try await state(lock, fixture) == .online)
    fixture.fresh.clock.advance(by: .seconds(2_099))
    try await service.turn()
    #expect(try await state(lock, fixture) == .online)
    fixture.fresh.clock.advance(by: .seconds(1))
    try await service.turn()
    #expect(try await state(lock, fixture) == .stale)
    fixture.board.heard([lock.number], at: fixture.fresh.clock.now)
    #expect(try await state(lock, fixture) == .online)
    fixture.board.disconnected([lock.number], at: fixture.fresh.clock.now)
    fixture.fresh.clock.advance(by: .seconds(299))
    try await service.turn()
    #expect(try await state(lock, fixture) == .online)
    fixture.fresh.clock.advance(by: .seconds(1))
    try await service.turn()
    #expect(try await state(lock, fixture) == .offline)
    let entries = try await fixture.fresh.journal.read(after: 0, kinds: [LivenessChanged.kind], limit: 10)
    let changes = try entries.map { try $0.decode(LivenessChanged.self).to }
    #expect(changes == [.online, .stale, .online, .offline] || changes == [.online, .stale, .offline])
    #expect(try await fixture.devices.list(DeviceQuery(liveness: [.offline]), by: fixture.principal).items.count == 1)
  }

  @Test("a meter that sleeps between its reports is not offline because it is not connected")
  func periodic() async throws {
    let fixture = try await Fixture()
    let service = try await running(fixture)
    let meter = try await fixture.devices.register(NewDevice(name: "W", model: "water.basic"), by: fixture.principal)
    fixture.board.connected([meter.number], at: fixture.fresh.clock.now)
    fixture.board.heard([meter.number], at: fixture.fresh.clock.now)
    fixture.board.disconnected([meter.number], at: fixture.fresh.clock.now)
    var states: [LivenessState] = []
    for seconds in [7_799, 1, 82_199, 1] {
      fixture.fresh.clock.advance(by: .seconds(seconds))
      try await service.turn()
      states.append(try await state(meter, fixture))
    }
    #expect(states == [.online, .stale, .stale, .offline])
  }

  @Test("deadlines survive a restart: the time away counts from when the device went")
  func restart() async throws {
    let fixture = try await Fixture()
    let (lock, service) = (try await fixture.lock(), try await running(fixture))
    fixture.board.connected([lock.number], at: fixture.fresh.clock.now)
    fixture.board.disconnected([lock.number], at: fixture.fresh.clock.now)
    try await service.turn()
    fixture.fresh.clock.advance(by: .seconds(200))
    let again = try await Fixture(fresh: fixture.fresh)
    let later = try await running(again)
    fixture.fresh.clock.advance(by: .seconds(99))
    try await later.turn()
    #expect(try await state(lock, again) == .online)
    fixture.fresh.clock.advance(by: .seconds(1))
    try await later.turn()
    #expect(try await state(lock, again) == .offline)
  }

  @Test("what was connected when the platform died is given its time to come back")
  func died() async throws {
    let fixture = try await Fixture()
    let (lock, service) = (try await fixture.lock(), try await running(fixture))
    fixture.board.connected([lock.number], at: fixture.fresh.clock.now)
    try await service.turn()
    fixture.fresh.clock.advance(by: .seconds(1_000))
    let again = try await Fixture(fresh: fixture.fresh)
    let later = try await running(again)
    try await later.turn()
    #expect(try await state(lock, again) == .online)
    fixture.fresh.clock.advance(by: .seconds(300))
    try await later.turn()
    #expect(try await state(lock, again) == .offline)
  }

  @Test("the heap gives deadlines in their order")
  func heap() {
    var heap = DeadlineHeap()
    var random = SeededRandom(seed: 3)
    let moments = (0..<500).map { _ in Int64.random(in: 0..<1_000, using: &random) }
    for (index, moment) in moments.enumerated() {
      heap.push(DeviceNumber(UInt32(index)), at: Instant(microseconds: moment))
    }
    var out: [Int64] = []
    while let device = heap.pop(until: Instant(microseconds: 999)) { out.append(moments[Int(device.value)]) }
    #expect(out == moments.sorted())
    #expect(heap.count == 0)
  }
}
