import CertificateAuthority
import NIOCore
import NIOPosix
import Testing
import TestSupport

@testable import DeviceKit

/// Real TLS sessions with a small platform on loopback.
@Suite("Sessions")
struct SessionTests {
  private static let environment = DeviceEnvironment(
    seed: 3,
    now: {
      DeviceMoment(
        uptimeMilliseconds: Int64(NIOTime.milliseconds), hardwareMilliseconds: DevicePlatform.standardNow)
    },
    realMillisecondsUntil: { max(0, $0 - Int64(NIOTime.milliseconds)) })

  private func client(
    _ platform: DevicePlatform, port: Int, names: [String] = ["CT-1"], flashes: [any Flash] = [MemoryFlash()],
    version: DeviceOptions.Version = .v5, authority: String? = nil, certificate: (String, String)? = nil
  ) throws -> DeviceClient {
    let key = DeviceKey()
    let signed = try platform.sign(key.certificateRequest(device: names[0]), device: names[0])
    let trust = try DeviceTrust(authorityPEM: Array((authority ?? platform.authority.certificatePEM).utf8))
    let credentials = try DeviceCredentials(
      certificatePEM: Array((certificate?.0 ?? signed).utf8), privateKeyPEM: Array((certificate?.1 ?? key.pem).utf8),
      trust: trust)
    var options = DeviceOptions(host: "127.0.0.1", port: port, credentials: credentials)
    options.version = version
    options.backoff = Backoff(firstMilliseconds: 20, lastMilliseconds: 200)
    var parts: [DevicePart] = []
    for (name, flash) in zip(names, flashes) {
      let identity = try #require(DeviceIdentity(name: name, model: "counter", modelVersion: 1, firmware: "1"))
      parts.append(DevicePart(identity: identity, program: Counter(), flash: flash))
    }
    return try DeviceClient(
      parts: parts, options: options, environment: Self.environment, group: MultiThreadedEventLoopGroup.singleton,
      logger: .silent)
  }

  private func report(_ client: DeviceClient, _ device: String = "CT-1", count: Int) async {
    for index in 0..<count {
      await client.operate(device, as: Counter.self) { _, desk in desk.report(["n": DeviceValue(index)]) }
    }
  }

  @Test(
    "a device connects with its certificate over TLS 1.3, says hello first, and its readings are acknowledged",
    arguments: [DeviceOptions.Version.v5, .v311])
  func connects(version: DeviceOptions.Version) async throws {
    let platform = try DevicePlatform()
    let client = try client(platform, port: try await platform.listen(), version: version)
    client.start()
    await report(client, count: 3)
    #expect(await platform.waits { $0.messages.count >= 5 })
    #expect(platform.messages.first?.topic == "anju/1/CT-1/hello")
    #expect(platform.messages.count { $0.topic == "anju/1/CT-1/telemetry" } == 3)
    #expect(await client.isOnline)
    var waiting = -1
    for _ in 0..<1_000 where waiting != 0 {
      waiting = await client.inspect { _ in 0 }.first?.status.messagesWaiting ?? -1
    }
    #expect(waiting == 0)
    await client.stop()
    #expect(await platform.waits { $0.online.isEmpty })
    await platform.close()
  }

  @Test("a certificate of another name gets no session, one of another authority no connection", .clause("8.8c"))
  func strangers() async throws {
    let platform = try DevicePlatform()
    let port = try await platform.listen()
    let key = DeviceKey()
    let other = try platform.sign(key.certificateRequest(device: "CT-2"), device: "CT-2")
    let stranger = try client(platform, port: port, certificate: (other, key.pem))
    let foreign = try DevicePlatform()
    let foreignKey = DeviceKey()
    let signed = try foreign.sign(foreignKey.certificateRequest(device: "CT-1"), device: "CT-1")
    let outsider = try client(platform, port: port, certificate: (signed, foreignKey.pem))
    let distrustful = try client(platform, port: port, authority: foreign.authority.certificatePEM)
    let good = try client(platform, port: port, names: ["CT-9"])
    for client in [stranger, outsider, distrustful] { client.start() }
    // The good one comes last and is served: by then the others have had their turn.
    good.start()
    #expect(await platform.waits { $0.online == ["CT-9"] })
    #expect(platform.messages.allSatisfy { $0.device == "CT-9" })
    for client in [stranger, outsider, distrustful, good] { await client.stop() }
    await platform.close()
  }

  @Test("no more messages are under way than the platform announced, and the rest follows in order")
  func window() async throws {
    let platform = try DevicePlatform(receiveMaximum: 3)
    platform.hold()
    let client = try client(platform, port: try await platform.listen())
    client.start()
    await report(client, count: 10)
    #expect(await platform.waits { $0.messages.count >= 3 })
    await report(client, count: 1)
    _ = await client.isOnline
    #expect(platform.messages.count == 3)
    platform.release()
    #expect(await platform.waits { $0.messages.count { $0.topic.hasSuffix("telemetry") } == 11 })
    let sequences = platform.messages.filter { $0.topic.hasSuffix("telemetry") }.map { Self.sequence($0.payload) }
    #expect(sequences == sequences.sorted())
    await client.stop()
    await platform.close()
  }

  @Test("after the platform was gone the device comes back by itself and sends again what was not acknowledged",
    .clause("6.1.2f"))
  func comesBack() async throws {
    let platform = try DevicePlatform()
    let port = try await platform.listen()
    platform.hold()
    let client = try client(platform, port: port)
    client.start()
    await report(client, count: 4)
    #expect(await platform.waits { $0.messages.count { $0.topic.hasSuffix("telemetry") } == 4 })
    let first = platform.messages.filter { $0.topic.hasSuffix("telemetry") }.map(\.payload)
    await platform.close()
    await report(client, count: 2)
    platform.release()
    _ = try await platform.listen(port: port)
    #expect(await platform.waits { $0.messages.count { $0.topic.hasSuffix("telemetry") } == 10 })
    let all = platform.messages.filter { $0.topic.hasSuffix("telemetry") }.map(\.payload)
    #expect(Array(all[4..<8]) == first, "the same numbers again")
    #expect(Set(all).count == 6)
    await client.stop()
    await platform.close()
  }

  @Test("a command over the wire is done and answered; its message is acknowledged", .clause("8.8c"))
  func command() async throws {
    let platform = try DevicePlatform()
    let client = try client(platform, port: try await platform.listen())
    client.start()
    #expect(await platform.waits { $0.messages.contains { $0.topic.hasSuffix("hello") } })
    let text = "{\"id\":\"c-1\",\"service\":\"count\",\"arguments\":{},\"issued\":1,\"deadline\":9000000000000}"
    platform.send("CT-1/down/command", text, to: "CT-1")
    #expect(await platform.waits { $0.messages.contains { $0.payload.contains("\"state\":\"done\"") } })
    platform.send("CT-1/down/command", text, to: "CT-1")
    #expect(await platform.waits { $0.messages.count { $0.payload.contains("\"state\":\"done\"") } == 2 })
    #expect(await client.operate("CT-1", as: Counter.self) { program, _ in program.counted } == 1)
    await client.stop()
    await platform.close()
  }

  @Test("a gateway brings its sub-devices under its own name, and commands reach them", .clause("8.8c"))
  func gateway() async throws {
    let platform = try DevicePlatform()
    let client = try client(
      platform, port: try await platform.listen(), names: ["GW-1", "S-1", "S-2"],
      flashes: [MemoryFlash(), MemoryFlash(), MemoryFlash()])
    client.start()
    #expect(await platform.waits { Set($0.messages.map(\.topic)).isSuperset(of: [
      "anju/1/GW-1/hello", "anju/1/GW-1/sub/S-1/hello", "anju/1/GW-1/sub/S-2/hello",
    ]) })
    platform.send(
      "GW-1/sub/S-2/down/command",
      "{\"id\":\"c-1\",\"service\":\"count\",\"arguments\":{},\"issued\":1,\"deadline\":9000000000000}", to: "GW-1")
    #expect(await platform.waits { $0.messages.contains {
      $0.topic == "anju/1/GW-1/sub/S-2/reply" && $0.payload.contains("\"done\"")
    } })
    #expect(await client.operate("S-1", as: Counter.self) { program, _ in program.counted } == 0)
    await client.stop()
    await platform.close()
  }

  @Test("messages said twice and in the wrong order keep their numbers")
  func trouble() async throws {
    let platform = try DevicePlatform()
    let client = try client(platform, port: try await platform.listen())
    client.start()
    #expect(await platform.waits { $0.messages.count >= 2 })
    await client.trouble { $0.reorderCount = 4 }
    await report(client, count: 4)
    #expect(await platform.waits { $0.messages.count >= 6 })
    #expect(platform.messages[2..<6].map { Self.sequence($0.payload) } == [5, 4, 3, 2])
    await client.trouble { $0.repeatCount = 2 }
    await report(client, count: 2)
    #expect(await platform.waits { $0.messages.count >= 10 })
    #expect(platform.messages[6..<10].map { Self.sequence($0.payload) } == [6, 6, 7, 7])
    await client.stop()
    await platform.close()
  }

  @Test("a renewed certificate is shown at the next connection")
  func renewal() async throws {
    let platform = try DevicePlatform()
    let port = try await platform.listen()
    let client = try client(platform, port: port)
    client.start()
    #expect(await platform.waits { $0.connects == 1 })
    let key = DeviceKey()
    let wrong = try platform.sign(key.certificateRequest(device: "XX-1"), device: "XX-1")
    let trust = try DeviceTrust(authorityPEM: Array(platform.authority.certificatePEM.utf8))
    client.renew(
      try DeviceCredentials(certificatePEM: Array(wrong.utf8), privateKeyPEM: Array(key.pem.utf8), trust: trust))
    platform.kick("CT-1")
    #expect(await platform.waits { $0.online.isEmpty })
    let right = try platform.sign(key.certificateRequest(device: "CT-1"), device: "CT-1")
    client.renew(
      try DeviceCredentials(certificatePEM: Array(right.utf8), privateKeyPEM: Array(key.pem.utf8), trust: trust))
    #expect(await platform.waits { $0.connects == 2 })
    await client.stop()
    await platform.close()
  }

  private static func sequence(_ payload: String) -> Int {
    let after = payload.split(separator: "\"seq\":", maxSplits: 1).last ?? ""
    return Int(after.prefix { $0.isNumber }) ?? -1
  }
}

enum NIOTime {
  static var milliseconds: UInt64 { NIODeadline.now().uptimeNanoseconds / 1_000_000 }
}
