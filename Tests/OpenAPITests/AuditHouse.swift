import Accounts
@testable import Alarms
import Devices
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

/// An organisation in which everything is done once.
struct AuditHouse {
  typealias Actor = AuditWalk.Actor

  let scene: Scene
  let walk: AuditWalk
  let first: Accounts.First
  let all: Actor

  init(_ scene: Scene, _ client: any TestClientProtocol) async throws {
    self.scene = scene
    first = try await scene.accounts.found(organisation: "安居")
    let origin = Origin(address: "192.0.2.7", agent: "walk/1")
    let principal = Principal(
      id: first.administrator.id, kind: .person, organisation: first.organisation, name: "王芳",
      permissions: Set(Permission.allCases), assurance: .secondFactor(at: scene.fresh.clock.now), origin: origin)
    scene.tokens.give("walker", principal)
    all = Actor(headers: .key("walker"), id: principal.id, origin: origin)
    walk = try await AuditWalk(scene, client)
  }

  func id(_ response: TestResponse, _ name: String = "id") throws -> String {
    try #require(try response.json()[name]?.text, "\(String(buffer: response.body))")
  }

  var anyVersion: HTTPFields { [.ifMatch: "*"] }

  private func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }

  private func escaped(_ pem: String) -> String { pem.replacing("\n", with: "\\n") }

  // MARK: Core data

  func estate() async throws {
    let project = try id(
      try await walk.act("POST /api/v1/projects", #"{"name":"安居苑"}"#, by: all, wanted: ["create estate.project"]))
    try await walk.act(
      "PATCH /api/v1/projects/{project}", at: "/api/v1/projects/\(project)", #"{"name":"安居苑一期"}"#, by: all,
      headers: anyVersion, wanted: ["update estate.project"])
    try await walk.act(
      "POST /api/v1/buildings", #"{"project":"\#(project)","name":"2号楼","floors":2,"roomsOfFloor":2}"#, by: all,
      wanted: ["create estate.building"])
    let rooms = try await walk.client.send(.get, "/api/v1/rooms?limit=1", all.headers).json()
    guard case .array(let items)? = rooms["items"], let room = items.first?["id"]?.text else { throw Problem.broken }
    try await walk.act(
      "PATCH /api/v1/rooms/{room}", at: "/api/v1/rooms/\(room)", #"{"name":"101"}"#, by: all, headers: anyVersion,
      wanted: ["update estate.room"])
  }

  func devices() async throws {
    let made = try await walk.act(
      "POST /api/v1/devices", #"{"name":"LK-1","model":"lock.basic"}"#, by: all, wanted: ["create device"])
    let path = try #require(made.headers[.location])
    try await walk.act(
      "PATCH /api/v1/devices/{device}", at: path, #"{"labels":["西侧"]}"#, by: all, headers: anyVersion,
      wanted: ["update device"])
    try await walk.act(
      "POST /api/v1/device-batches", "name,model\nLK-2,lock.basic\nLK-3,lock.basic\nLK-2,lock.basic\n", by: all,
      headers: [.contentType: "text/csv"], wanted: ["create device", "create device"])
    let twin = try await walk.client.send(.get, "\(path)/twin", all.headers).json()
    guard case .array(let entries)? = twin["entries"], let property = entries.first?["property"]?.text else {
      throw Problem.broken
    }
    try await walk.act(
      "PATCH /api/v1/devices/{device}/twin", at: "\(path)/twin", #"{"desired":{"\#(property)":null}}"#, by: all,
      headers: anyVersion, wanted: ["update device.twin"])
    try await walk.act(
      "POST /api/v1/devices/{device}/commands", at: "\(path)/commands",
      #"{"service":"unlock","arguments":{"seconds":5}}"#, by: all, headers: [.idempotencyKey: "k1"],
      wanted: ["act device"])
    let pem = try escaped(TestRequests.tls("LK-1"))
    let issued = try await walk.act(
      "POST /api/v1/devices/{device}/certificates", at: "\(path)/certificates", #"{"requestPEM":"\#(pem)"}"#, by: all,
      wanted: ["create device.certificate"])
    let serial = try #require(try issued.json()["certificate"]?["serial"]?.text ?? issued.json()["serial"]?.text)
    try await walk.act(
      "POST /api/v1/devices/{device}/certificates/{certificate}/revocation",
      at: "\(path)/certificates/\(serial)/revocation", #"{"reason":"superseded"}"#, by: all,
      wanted: ["delete device.certificate"])
    try await walk.act(
      "POST /api/v1/devices/{device}/decommission", at: "\(path)/decommission", by: all, wanted: ["delete device"])
    let list = try await walk.client.send(.get, "/api/v1/devices?text=LK-2", all.headers).json()
    guard case .array(let items)? = list["items"], let other = items.first?["device"]?["id"]?.text else {
      throw Problem.broken
    }
    let buyer = scene.fresh.work.ids.next() as ID<Organisation>
    try await walk.act(
      "POST /api/v1/devices/{device}/transfer", at: "/api/v1/devices/\(other)/transfer",
      #"{"organisation":"\#(buyer)"}"#, by: all, wanted: ["act device", "act device"])
    try await walk.act(
      "POST /api/v1/thing-models", try Self.model(), by: all, wanted: ["create device.model"])
  }

  private static func model() throws -> String {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Sources/Contexts/Devices/ThingModels/lock.json")
    return try String(contentsOf: file, encoding: .utf8)
      .replacing("\"model\": \"lock.basic\"", with: "\"model\": \"lock.walked\"")
  }

  func alarms() async throws {
    let sign = AlarmSign(
      device: scene.fresh.work.ids.next(), deviceName: "SD-1", kind: .smokeDetector, event: "smokeAlarm",
      name: LocalName(chinese: "火灾报警", english: "Smoke alarm"), level: .critical, clearedBy: nil,
      deviceTime: scene.fresh.clock.now, receivedAt: scene.fresh.clock.now, values: [:])
    let organisation = first.organisation
    try await scene.fresh.work.run(AlarmsError.self) { unit in
      try Alarms.take(sign, organisation: organisation, in: unit)
    }
    try await walk.skip()
    let list = try await walk.client.send(.get, "/api/v1/alarms", all.headers).json()
    guard case .array(let items)? = list["items"], let alarm = items.first?["id"]?.text else { throw Problem.broken }
    try await walk.act(
      "POST /api/v1/alarms/{alarm}/acknowledgement", at: "/api/v1/alarms/\(alarm)/acknowledgement",
      #"{"note":"On my way"}"#, by: all, wanted: ["act alarm"], why: "On my way")
    try await walk.act(
      "POST /api/v1/alarms/{alarm}/close", at: "/api/v1/alarms/\(alarm)/close", #"{"note":"Toast"}"#, by: all,
      wanted: ["act alarm"], why: "Toast")
  }

  // MARK: Certificates and keys

  func identities() async throws {
    let path = "/api/v1/identity-authorities"
    try scene.signing.make("ca-tls", algorithm: "p256", of: first.organisation)
    try scene.signing.make("ca-tls-2", algorithm: "p256", of: first.organisation)
    let wanted = ["create identity.authority"]
    let old = try id(try await walk.act("POST \(path)", #"{"chain":"tls"}"#, by: all, wanted: wanted))
    let new = try id(
      try await walk.act("POST \(path)", #"{"chain":"tls","follows":"\#(old)"}"#, by: all, wanted: wanted))
    try await walk.act(
      "POST \(path)/{authority}/takeover", at: "\(path)/\(new)/takeover", by: all,
      wanted: ["update identity.authority", "update identity.authority"])
    try await walk.act(
      "POST \(path)/{authority}/retirement", at: "\(path)/\(old)/retirement", by: all,
      wanted: ["delete identity.authority"])
    let pem = try escaped(TestRequests.tls("gate-01"))
    let certificates = "/api/v1/identity-certificates"
    let certificate = try id(
      try await walk.act(
        "POST \(certificates)",
        #"{"chain":"tls","profile":"device","holder":"gate-01","owner":"海清","requestPEM":"\#(pem)"}"#, by: all,
        wanted: ["create identity.certificate"]))
    try await walk.act(
      "POST \(certificates)/{certificate}/renewal", at: "\(certificates)/\(certificate)/renewal", #"{"days":30}"#,
      by: all, wanted: ["create identity.certificate"])
    try await walk.act(
      "POST \(certificates)/{certificate}/revocation", at: "\(certificates)/\(certificate)/revocation",
      #"{"reason":"keyCompromise","note":"被盗"}"#, by: all, wanted: ["delete identity.certificate"], why: "被盗")
  }

  func provisioning() async throws {
    let shared = SharedRandom(seed: 43)
    let random = RandomSource { shared.bytes($0) }
    let signing = try SM2.SigningKey.generate(random: random)
    let decryption = try SM2.DecryptionKey.generate(random: random)
    let keys = (base64(signing.verifyingKey.point.x963), base64(decryption.encryptionKey.point.x963))
    let station = try id(
      try await walk.act(
        "POST /api/v1/factory-stations",
        #"{"name":"ST-1","verifyingKey":"\#(keys.0)","encryptionKey":"\#(keys.1)"}"#, by: all,
        wanted: ["create provisioning.station"]))
    let (from, until) = (scene.fresh.clock.now, scene.fresh.clock.now.advanced(by: .seconds(600)))
    let lots = "/api/v1/provisioning-lots"
    func lot() async throws -> String {
      try id(
        try await walk.act(
          "POST \(lots)", #"{"station":"\#(station)","quota":3,"validFrom":"\#(from)","validUntil":"\#(until)"}"#,
          by: all, wanted: ["create provisioning.lot"]))
    }
    let one = try await lot()
    let request = try ProvisioningRequest(
      holder: .init(element: [1, 200], device: Array("LK-3".utf8)), random: try random.bytes(32),
      encryptionKey: decryption.encryptionKey, verifyingKey: signing.verifyingKey
    ) { try signing.sign($0, random: random).raw }
    let uuid = try #require(UUID(uuidString: one))
    let statement = ProvisioningRequest.endorsement(
      lot: withUnsafeBytes(of: uuid.uuid) { Array($0) }, request: request.message)
    let signature = try signing.sign(statement, random: random).raw
    try await walk.act(
      "POST \(lots)/{lot}/keys", at: "\(lots)/\(one)/keys",
      #"{"request":"\#(base64(request.message))","signature":"\#(base64(signature))"}"#, by: all,
      wanted: ["create provisioning.key"])
    try await walk.act(
      "POST \(lots)/{lot}/close", at: "\(lots)/\(one)/close", by: all, wanted: ["update provisioning.lot"])
    let two = try await lot()
    try await walk.act(
      "POST \(lots)/{lot}/file", at: "\(lots)/\(two)/file", #"{"devices":["WM-1","WM-2"]}"#, by: all,
      wanted: ["create provisioning.file"])
    try await walk.act(
      "POST \(lots)/{lot}/withdraw", at: "\(lots)/\(two)/withdraw", #"{"isCompromised":true,"reason":"copied"}"#,
      by: all, wanted: ["update provisioning.lot", "update provisioning.key", "update provisioning.key"],
      why: "copied")
    try await walk.act(
      "POST /api/v1/device-keys/{device}/end-epochs", at: "/api/v1/device-keys/LK-3/end-epochs",
      #"{"reason":"drill"}"#, by: all, wanted: ["update provisioning.key"], why: "drill")
    try await walk.act(
      "POST /api/v1/device-keys/{device}/withdraw", at: "/api/v1/device-keys/LK-3/withdraw",
      #"{"isCompromised":true,"reason":"lost"}"#, by: all, wanted: ["update provisioning.key"], why: "lost")
    try await walk.act(
      "POST /api/v1/factory-stations/{station}/block", at: "/api/v1/factory-stations/\(station)/block",
      #"{"reason":"moved"}"#, by: all, wanted: ["update provisioning.station"], why: "moved")
    try await walk.act(
      "POST /api/v1/factory-stations/{station}/unblock", at: "/api/v1/factory-stations/\(station)/unblock",
      #"{"reason":"back"}"#, by: all, wanted: ["update provisioning.station"], why: "back")
  }
}
