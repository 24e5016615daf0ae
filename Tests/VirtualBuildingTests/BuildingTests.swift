import AsyncHTTPClient
import CertificateAuthority
import DeviceKit
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Testing
import TestSupport

@testable import VirtualBuilding

/// A small building over TLS with the tests' platform.
@Suite("Virtual building")
struct BuildingTests {
  private static let clock = VirtualClock(
    wallMilliseconds: DevicePlatform.standardNow,
    realMilliseconds: { Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000) })

  private func enrol(_ plan: BuildingPlan, _ folder: TemporaryFolder, _ platform: DevicePlatform) async throws
    -> BuildingFolder
  {
    let building = BuildingFolder(folder.url.appendingPathComponent("building"))
    try await BuildingEnrolment(plan: plan, folder: building).enrol(
      authorityPEM: platform.authority.certificatePEM
    ) { requests in
      var signed: [String: String] = [:]
      for request in requests { signed[request.device] = try platform.sign(request.pem, device: request.device) }
      return signed
    }
    return building
  }

  private func building(
    _ plan: BuildingPlan, _ folder: TemporaryFolder, _ platform: DevicePlatform, port: Int
  ) async throws -> VirtualBuilding {
    var options = VirtualBuilding.Options(host: "127.0.0.1", port: port)
    options.startSpreadMilliseconds = 50
    return try VirtualBuilding(
      plan: plan, options: options, folder: try await enrol(plan, folder, platform), flashPath: folder.path("flash.db"),
      clock: Self.clock, group: MultiThreadedEventLoopGroup.singleton, logger: .silent)
  }

  @Test("a building enrols, connects every device with its own certificate and says hello for each",
    .clause("5.1a", "5.1b1", "6.3.2b"))
  func comesUp() async throws {
    let platform = try DevicePlatform()
    let port = try await platform.listen()
    let folder = try TemporaryFolder()
    let plan = BuildingPlan(floors: 2, roomsPerFloor: 2)
    let building = try await building(plan, folder, platform, port: port)
    let credentials = BuildingFolder(folder.url.appendingPathComponent("building"))
    #expect(BuildingEnrolment(plan: plan, folder: credentials).isComplete)
    building.start()
    let wanted = Set(plan.devices.map { device in
      device.gateway.map { "anju/1/\($0)/sub/\(device.name)/hello" } ?? "anju/1/\(device.name)/hello"
    })
    #expect(await platform.waits { wanted.isSubset(of: Set($0.messages.map(\.topic))) })
    #expect(platform.online == Set(plan.connected.map(\.name)))
    await building.stop()
    await platform.close()
  }

  @Test("devices can be told to misbehave: power, network, tampering, unknown things")
  func misbehaves() async throws {
    let platform = try DevicePlatform()
    let port = try await platform.listen()
    let folder = try TemporaryFolder()
    let building = try await building(BuildingPlan(floors: 1, roomsPerFloor: 1), folder, platform, port: port)
    building.start()
    #expect(await platform.waits { $0.online.count == 5 })
    #expect(await building.happen(.tamper, to: "LK-0101").map(\.isDone) == [true])
    #expect(await platform.waits { $0.messages.contains { $0.payload.contains("\"event\":\"tamper\"") } })
    #expect(await building.happen(.magnet, to: "LK-0101").map(\.isDone) == [false])
    _ = await building.happen(.losePower, to: "LK-0101")
    #expect(await platform.waits { !$0.online.contains("LK-0101") })
    #expect(await building.list("LK-0101").first?.status.hasPower == false)
    #expect(await building.happen(.tamper, to: "LK-0101").map(\.isDone) == [false], "it has no power")
    _ = await building.happen(.restorePower, to: "LK-0101")
    #expect(await platform.waits { $0.messages.contains { $0.payload.contains("{\"boot\":2,\"seq\":0") } })
    let state = await building.list("LK-0101").first
    #expect(state?.status.boot == 2 && state?.values["tampered"] == true)
    _ = await building.happen(.loseNetwork, to: "GM-01")
    #expect(await platform.waits { $0.messages.contains { $0.payload.contains("\"event\":\"subDeviceLost\"") } })
    _ = await building.happen(.restoreNetwork, to: "GM-01")
    #expect(await platform.waits { $0.messages.contains { $0.payload.contains("\"event\":\"subDeviceFound\"") } })
    await building.stop()
    await platform.close()
  }

  @Test("what happens without a network is kept and told when it is back", .clause("6.1.2d", "6.1.2f", "6.2.1"))
  func storesAndForwards() async throws {
    let platform = try DevicePlatform()
    let port = try await platform.listen()
    let folder = try TemporaryFolder()
    let building = try await building(BuildingPlan(floors: 1, roomsPerFloor: 1), folder, platform, port: port)
    building.start()
    #expect(await platform.waits { $0.online.count == 5 })
    _ = await building.happen(.loseNetwork, to: "LK-0101")
    #expect(await platform.waits { !$0.online.contains("LK-0101") })
    _ = await building.happen(.wrongPasswords(count: 5), to: "LK-0101")
    _ = await building.happen(.losePower, to: "LK-0101")
    #expect(!platform.messages.contains { $0.payload.contains("\"event\":\"wrongPassword\"") })
    _ = await building.happen(.restorePower, to: "LK-0101")
    _ = await building.happen(.restoreNetwork, to: "LK-0101")
    #expect(await platform.waits { $0.messages.contains {
      $0.payload.contains("{\"boot\":1") && $0.payload.contains("\"event\":\"wrongPassword\"")
    } })
    await building.stop()
    await platform.close()
  }

  @Test("a flood is sent at its rate and every message is acknowledged")
  func flood() async throws {
    let platform = try DevicePlatform()
    let port = try await platform.listen()
    let folder = try TemporaryFolder()
    let building = try await building(BuildingPlan(floors: 1, roomsPerFloor: 1), folder, platform, port: port)
    building.start()
    #expect(await platform.waits { $0.online.count == 5 })
    _ = await building.happen(.flood(perSecond: 500, seconds: 1), to: "EM-0101")
    #expect(await platform.waits { $0.messages.count { $0.topic == "anju/1/EM-0101/telemetry" } >= 500 })
    await building.stop()
    await platform.close()
  }

  @Test("the control port lists devices, lets things happen and says what is wrong")
  func control() async throws {
    let platform = try DevicePlatform()
    let port = try await platform.listen()
    let folder = try TemporaryFolder()
    let building = try await building(BuildingPlan(floors: 1, roomsPerFloor: 1), folder, platform, port: port)
    building.start()
    let (ports, bound) = AsyncStream<Int>.makeStream()
    try await withThrowingTaskGroup(of: Void.self) { group in
      let server = ControlServer(building: building, port: 0, logger: .silent) { bound.yield($0) }
      group.addTask { try await server.run() }
      let control = try #require(await ports.first { _ in true })
      func send(_ method: String, _ path: String, _ body: String = "") async throws -> (UInt, String) {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(control)/\(path)")
        request.method = .init(rawValue: method)
        if !body.isEmpty { request.body = .bytes(ByteBuffer(string: body)) }
        let answer = try await HTTPClient.shared.execute(request, timeout: .seconds(Int64(Patience.seconds)))
        return (answer.status.code, String(buffer: try await answer.body.collect(upTo: 1 << 20)))
      }
      let list = try await send("GET", "devices")
      #expect(list.0 == 200 && list.1.contains("\"name\":\"GM-01\""))
      #expect(try await send("GET", "devices?target=XX").0 == 404)
      let done = try await send("POST", "devices/LK-0101/wrong-passwords", "{\"arguments\":[\"5\"]}")
      #expect(done.0 == 200 && done.1 == "{\"results\":[{\"device\":\"LK-0101\",\"done\":true}]}")
      #expect(await platform.waits { $0.messages.contains { $0.payload.contains("\"event\":\"wrongPassword\"") } })
      #expect(try await send("POST", "devices/floor%3A1/lose-network").1.contains("GW-01"))
      #expect(try await send("POST", "devices/LK-0101/nonsense").0 == 400)
      #expect(try await send("POST", "devices/LK-0101/tamper", "[").0 == 400)
      #expect(try await send("POST", "devices/XX/tamper").0 == 404)
      #expect(try await send("GET", "mischief").1.contains("wrong-passwords"))
      #expect(try await send("GET", "plan.csv").1.hasPrefix("name,model,room,gateway,labels\n"))
      group.cancelAll()
    }
    await building.stop()
    await platform.close()
  }

  @Test("a building without its credentials does not start and says which file is missing")
  func missing() throws {
    let folder = try TemporaryFolder()
    #expect(throws: BuildingError.missing(folder.url.appendingPathComponent("ca.crt").path)) {
      _ = try VirtualBuilding(
        plan: BuildingPlan(floors: 1, roomsPerFloor: 1), options: .init(host: "127.0.0.1", port: 1),
        folder: BuildingFolder(folder.url), flashPath: folder.path("flash.db"), clock: Self.clock,
        group: MultiThreadedEventLoopGroup.singleton, logger: .silent)
    }
  }
}
