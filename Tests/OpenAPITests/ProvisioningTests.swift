import Foundation
import Guomi
import HTTPTypes
import HummingbirdTesting
import Kernel
import KeyLadder
import NIOCore
import TestSupport
import Testing

@testable import OpenAPI

@Suite("Keys of devices over the API", .clause("9.4d", "9.2.2b"))
struct ProvisioningTests {
  private let random: RandomSource
  private let signing: SM2.SigningKey
  private let decryption: SM2.DecryptionKey

  init() throws {
    let shared = SharedRandom(seed: 41)
    random = RandomSource { shared.bytes($0) }
    signing = try SM2.SigningKey.generate(random: random)
    decryption = try SM2.DecryptionKey.generate(random: random)
  }

  private func post(
    _ client: some TestClientProtocol, _ path: String, _ body: String, _ token: String = "all"
  ) async throws -> TestResponse {
    var headers = HTTPFields.key(token)
    headers[.contentType] = "application/json"
    return try await client.executeRequest(
      uri: path, method: .post, headers: headers, body: ByteBuffer(string: body))
  }

  private func get(
    _ client: some TestClientProtocol, _ path: String, _ token: String = "all"
  ) async throws -> TestResponse {
    try await client.executeRequest(uri: path, method: .get, headers: .key(token), body: nil)
  }

  private func text(_ response: TestResponse, _ name: String) throws -> String {
    let object = try JSONSerialization.jsonObject(with: Data(String(buffer: response.body).utf8)) as? [String: Any]
    return try #require(object?[name] as? String, "\(String(buffer: response.body))")
  }

  private func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }

  private func station(_ client: some TestClientProtocol) async throws -> String {
    let key = base64(signing.verifyingKey.point.x963)
    let encryption = base64(decryption.encryptionKey.point.x963)
    let body = "{\"name\":\"ST-1\",\"verifyingKey\":\"\(key)\",\"encryptionKey\":\"\(encryption)\"}"
    let made = try await post(client, "/api/v1/factory-stations", body)
    #expect(made.status == .created)
    #expect(try await post(client, "/api/v1/factory-stations", body).problemCode == "station.nameTaken")
    return try text(made, "id")
  }

  private func lot(
    _ client: some TestClientProtocol, _ scene: Scene, _ station: String, quota: Int = 1
  ) async throws -> String {
    let (from, until) = (scene.fresh.clock.now, scene.fresh.clock.now.advanced(by: .seconds(600)))
    let made = try await post(
      client, "/api/v1/provisioning-lots",
      "{\"station\":\"\(station)\",\"quota\":\(quota),\"validFrom\":\"\(from)\",\"validUntil\":\"\(until)\"}")
    #expect(made.status == .created, "\(String(buffer: made.body))")
    return try text(made, "id")
  }

  /// A device's request with the station's signature, as JSON.
  private func request(_ device: String, _ lot: String, _ scene: Scene) throws -> (ProvisioningRequest, String) {
    let request = try ProvisioningRequest(
      holder: .init(element: [1, 200], device: Array(device.utf8)), random: try random.bytes(32),
      encryptionKey: decryption.encryptionKey, verifyingKey: signing.verifyingKey
    ) { try signing.sign($0, random: random).raw }
    let id = try #require(UUID(uuidString: lot))
    let statement = ProvisioningRequest.endorsement(
      lot: withUnsafeBytes(of: id.uuid) { Array($0) }, request: request.message)
    let signature = try signing.sign(statement, random: random).raw
    return (request, "{\"request\":\"\(base64(request.message))\",\"signature\":\"\(base64(signature))\"}")
  }

  @Test("a station is let in, gets a lot, brings a device its key, and is stopped at its quota")
  func station() async throws {
    let scene = try await Scene()
    try await scene.application().test(.router) { client in
      let lot = try await lot(client, scene, station(client))
      let shown = try await get(client, "/api/v1/platform-key")
      let platform = try Data(base64Encoded: text(shown, "verifyingKey"))
      let key = SM2.VerifyingKey(try SM2.PublicPoint(x963: Array(try #require(platform))))
      let (asked, body) = try request("LK-1", lot, scene)
      let answer = try await post(client, "/api/v1/provisioning-lots/\(lot)/keys", body)
      #expect(answer.status == .ok, "\(String(buffer: answer.body))")
      let bytes = try #require(Data(base64Encoded: try text(answer, "answer")))
      let opened = try ProvisioningAnswer.open(Array(bytes), of: asked, platform: key) { try decryption.decrypt($0) }
      #expect(opened.key.count == 32)
      let state = try await get(client, "/api/v1/device-keys/LK-1")
      #expect(try text(state, "state") == "issued" && text(state, "element") == base64([1, 200]))
      let next = try request("LK-2", lot, scene).1
      let refused = try await post(client, "/api/v1/provisioning-lots/\(lot)/keys", next)
      #expect(refused.problemCode == "lot.quotaExceeded" && refused.status == .conflict)
      let used = String(buffer: try await get(client, "/api/v1/provisioning-lots/\(lot)").body)
      #expect(used.contains("\"used\":1") || used.contains("\"used\" : 1"))
      // Another organisation sees none of it.
      #expect(try await get(client, "/api/v1/provisioning-lots/\(lot)", "stranger").status == .notFound)
      #expect(try await get(client, "/api/v1/device-keys/LK-1", "stranger").status == .notFound)
    }
  }

  @Test("a key is withdrawn with a reason, epochs are ended, and what is wrong is said")
  func withdraws() async throws {
    let scene = try await Scene()
    try await scene.application().test(.router) { client in
      let lot = try await lot(client, scene, station(client))
      _ = try await post(client, "/api/v1/provisioning-lots/\(lot)/keys", request("LK-1", lot, scene).1)
      let reason = "{\"reason\":\"lost\"}"
      #expect(try await post(client, "/api/v1/device-keys/LK-1/end-epochs", reason).status == .noContent)
      #expect(try await post(client, "/api/v1/device-keys/LK-9/end-epochs", reason).problemCode == "deviceKey.unknown")
      let withdrawn = try await post(
        client, "/api/v1/device-keys/LK-1/withdraw", "{\"isCompromised\":true,\"reason\":\"lost\"}")
      #expect(withdrawn.status == .noContent)
      #expect(try await text(get(client, "/api/v1/device-keys/LK-1"), "state") == "compromised")
      let forged = try request("LK-3", lot, scene).1.replacing("\"signature\":\"", with: "\"signature\":\"AAAA")
      let answer = try await post(client, "/api/v1/provisioning-lots/\(lot)/keys", forged)
      #expect(answer.status == .forbidden || answer.status == .unprocessableContent || answer.status == .badRequest)
    }
  }

  @Test("a file is made for a lot once; nothing is added to it")
  func file() async throws {
    let scene = try await Scene()
    try await scene.application().test(.router) { client in
      let lot = try await lot(client, scene, station(client), quota: 5)
      let path = "/api/v1/provisioning-lots/\(lot)/file"
      let made = try await post(client, path, "{\"devices\":[\"WM-1\",\"WM-2\"]}")
      #expect(made.status == .ok)
      let file = try #require(Data(base64Encoded: try text(made, "file")))
      let shown = try await get(client, "/api/v1/platform-key")
      let platform = try Data(base64Encoded: text(shown, "verifyingKey"))
      let entries = try ProvisioningBatch.open(
        Array(file), station: Array("ST-1".utf8), now: UInt64(scene.fresh.clock.now.milliseconds / 1_000),
        platform: SM2.VerifyingKey(SM2.PublicPoint(x963: Array(try #require(platform))))
      ) { try decryption.decrypt($0) }.entries
      #expect(entries.map { String(decoding: $0.holder.device, as: UTF8.self) } == ["WM-1", "WM-2"])
      #expect(try await post(client, path, "{\"devices\":[\"WM-3\"]}").problemCode == "lot.closed")
      #expect(try await text(get(client, path), "file") == base64(Array(file)))
      #expect(try await get(client, path, "stranger").status == .notFound)
      let listed = String(buffer: try await get(client, "/api/v1/device-keys?q=wm-1&lot=\(lot)&state=issued").body)
      #expect(listed.contains("WM-1") && !listed.contains("WM-2"))
      let gone = try await post(
        client, "/api/v1/provisioning-lots/\(lot)/withdraw", "{\"isCompromised\":true,\"reason\":\"copied\"}")
      #expect(String(buffer: gone.body).contains("2"))
      #expect(try await text(get(client, "/api/v1/device-keys/WM-2"), "reason") == "copied")
    }
  }

  @Test("a station that was blocked says why, and is let in again")
  func unblock() async throws {
    let scene = try await Scene()
    try await scene.application().test(.router) { client in
      let path = "/api/v1/factory-stations/\(try await station(client))"
      #expect(try await post(client, path + "/block", "{\"reason\":\"stolen\"}").status == .noContent)
      #expect(try await text(get(client, path), "blockReason") == "stolen")
      #expect(try await post(client, path + "/unblock", "{\"reason\":\"found\"}", "none").status == .forbidden)
      #expect(try await post(client, path + "/unblock", "{\"reason\":\"found\"}").status == .noContent)
      #expect(!String(buffer: try await get(client, path).body).contains("stolen"))
    }
  }
}
