import Devices
import Foundation
import Guomi
import HTTPTypes
import HummingbirdTesting
import KeyLadder
import Kernel
import NIOCore
import Provisioning
import TestSupport
import Testing

@testable import Console

@Suite("The pages of stations, lots and keys", .clause("9.4d", "9.2.2b"))
struct ProvisioningPagesTests {
  private let random: RandomSource
  private let signing: SM2.SigningKey
  private let decryption: SM2.DecryptionKey

  init() throws {
    let shared = SharedRandom(seed: 51)
    random = RandomSource { shared.bytes($0) }
    signing = try SM2.SigningKey.generate(random: random)
    decryption = try SM2.DecryptionKey.generate(random: random)
  }

  private func form(_ fields: [String: String]) -> String {
    fields.map { "\($0.key)=\(PageQuery.encode($0.value))" }.joined(separator: "&")
  }

  private func path(_ made: TestResponse) throws -> String {
    #expect(made.status == .seeOther, "\(made.text.prefix(2_000))")
    return try #require(made.headers[.location]?.split(separator: "?").first.map(String.init))
  }

  private func add(_ world: World, _ name: String = "LINE-1", signs: String? = nil) async throws -> TestResponse {
    try await world.post(
      "/provisioning",
      form([
        "name": name, "verifyingKey": signs ?? signing.verifyingKey.point.pem,
        "encryptionKey": Data(decryption.encryptionKey.point.x963).base64EncodedString(),
      ]))
  }

  private func open(
    _ world: World, _ station: String, quota: String = "3", until: String = "2027-01-01T00:00", note: String = "PO-7"
  ) async throws -> TestResponse {
    let id = String(station.split(separator: "/").last ?? "")
    return try await world.post(
      "/provisioning/lots",
      form(["station": id, "quota": quota, "from": "2025-01-01T08:00", "until": until, "note": note]))
  }

  /// A station and an open lot of three devices.
  private func factory(_ world: World) async throws -> (station: String, lot: String) {
    let station = try path(await add(world))
    return (station, try path(await open(world, station, until: "2099-01-01T00:00")))
  }

  /// A device fetches its key, as a station's program does it.
  private func provision(_ world: World, _ lot: String, _ device: String) async throws {
    let id = try #require(ID<ProvisioningLot>(String(lot.split(separator: "/").last ?? "")))
    let request = try ProvisioningRequest(
      holder: .init(element: Array("SE-\(device)".utf8), device: Array(device.utf8)), random: try random.bytes(32),
      encryptionKey: decryption.encryptionKey, verifyingKey: signing.verifyingKey
    ) { try signing.sign($0, random: random).raw }
    let signature = try signing.sign(
      Provisioning.endorsement(lot: id, request: request.message), random: random)
    _ = try await world.provisioning.provision(
      lot: id, message: request.message, signature: signature.raw, by: world.principal)
  }

  @Test("are drawn in both languages without a missing text", arguments: ["zh-CN", "en"])
  func drawn(language: String) async throws {
    let world = try await World.make()
    for page in ["/provisioning", "/provisioning/lots", "/provisioning/keys"] {
      let empty = try await world.get(page, language: language)
      #expect(empty.status == .ok && empty.text.contains("class=\"empty\""), "\(page)")
    }
    let (station, lot) = try await factory(world)
    try await provision(world, lot, "LK-101")
    let device = "/devices/\(try await world.device("LK-101").device.id)?tab=keys"
    let key = "/provisioning/keys/LK-101"
    let pages = [
      "/provisioning", station, station + "/block", "/provisioning/lots", lot, lot + "/close", lot + "/compromise",
      "/provisioning/keys", key, key + "/compromise", key + "/retire", key + "/renew", device,
      "/provisioning/platform-key",
    ]
    for page in pages {
      let shown = try await world.get(page, language: language)
      #expect(shown.status == .ok, "\(page)")
      let missing = #/\b(t|provisioning|provisioningField|lotState|lotHint|keyState|keyHint)\.[a-z]/#
      #expect(shown.text.firstMatch(of: missing) == nil, "a text is missing in \(page)")
    }
    #expect(try await world.get(device, language: language).text.contains("SE-LK-101"))
  }

  @Test("a station is added with its keys in the forms that makers send, and wrong ones are said at their field")
  func adds() async throws {
    let world = try await World.make()
    let station = try path(await add(world))
    let shown = try await world.get(station).text
    #expect(shown.contains(FactoryStation.fingerprint(of: signing.verifyingKey.point.x963)))
    #expect(shown.contains(FactoryStation.fingerprint(of: decryption.encryptionKey.point.x963)))
    let twice = try await add(world)
    #expect(twice.status == .unprocessableContent && twice.text.contains("已有同名工位"))
    #expect(twice.text.contains("id=\"e-name\"") && twice.text.contains("BEGIN PUBLIC KEY"))
    let foreign = try await add(world, "LINE-2", signs: "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----")
    #expect(foreign.status == .unprocessableContent && foreign.text.contains("id=\"e-verifying\""))
    #expect(foreign.text.contains("value=\"LINE-2\""))
    let unnamed = try await add(world, "Line 1!")
    #expect(unnamed.text.contains("名称须为 1 到 64 个字母"))
  }

  @Test("a station is blocked and let in again after a question and with a reason")
  func blocks() async throws {
    let world = try await World.make()
    let (station, lot) = try await factory(world)
    let dialog = try await world.get(station + "/block", fragment: true)
    #expect(dialog.text.contains("停用工位 LINE-1") && !dialog.text.contains("<html"))
    let silent = try await world.post(station + "/block", "reason=+")
    #expect(silent.status == .unprocessableContent && silent.text.contains("请填写原因"))
    _ = try path(await world.post(station + "/block", form(["reason": "工位失窃"])))
    #expect(try await world.get(station).text.contains("工位失窃"))
    #expect(try await world.get(lot).text.contains("工位已停用"))
    #expect(try await world.get("/provisioning?state=blocked").text.contains("LINE-1"))
    #expect(try await !world.get("/provisioning?state=active", fragment: true).text.contains("LINE-1"))
    let refused = try await open(world, station)
    #expect(refused.status == .unprocessableContent && refused.text.contains("工位已停用，不能使用其批次"))
    _ = try path(await world.post(station + "/unblock", form(["reason": "已找回，指纹一致"])))
    #expect(try await !world.get(station).text.contains("工位失窃"))
  }

  @Test("a lot is opened in the place's time, shows what is left, and is closed after a question")
  func lots() async throws {
    let world = try await World.make()
    let station = try path(await add(world))
    for (quota, until, wrong) in [("0", "2099-01-01T00:00", "e-quota"), ("5", "2024-01-01T00:00", "e-until")] {
      let refused = try await open(world, station, quota: quota, until: until)
      #expect(refused.status == .unprocessableContent && refused.text.contains("id=\"\(wrong)\""))
      #expect(refused.text.contains("value=\"PO-7\""), "what was typed stays")
    }
    let lot = try path(await open(world, station, until: "2099-01-01T00:00"))
    try await provision(world, lot, "LK-101")
    let shown = try await world.get(lot).text
    #expect(shown.contains("2025-01-01 08:00:00") && shown.contains("1 / 3") && shown.contains("剩余 2"))
    #expect(try await world.get("/provisioning/lots?q=po-7").text.contains("PO-7"))
    #expect(try await world.get("/provisioning/lots?state=full", fragment: true).text.contains("没有符合条件的记录"))
    let csv = try await world.get("/provisioning/lots?format=csv")
    #expect(csv.headers[.contentDisposition]?.contains("anju-lots.csv") == true && csv.text.contains("LINE-1"))
    #expect(try await world.get(lot + "/close", fragment: true).text.contains("结束 PO-7"))
    _ = try path(await world.post(lot + "/close"))
    let closed = try await world.get(lot).text
    #expect(closed.contains("已结束") && !closed.contains("/close\""))
  }

  @Test("a file is made of names, fetched as often as needed, and made again when the key service did not answer")
  func file() async throws {
    let world = try await World.make()
    let (_, lot) = try await factory(world)
    let names = form(["devices": "WM-1\r\nWM-2"])
    let none = try await world.post(lot + "/file", "devices=+")
    #expect(none.status == .unprocessableContent && none.text.contains("id=\"e-devices\""))
    #expect(try await world.get(lot + "/file").status == .notFound)
    world.roots.fail(.unavailable)
    let down = try await world.post(lot + "/file", names)
    #expect(down.status == .unprocessableContent && down.text.contains("密钥服务没有响应"))
    let waits = try await world.get(lot).text
    #expect(waits.contains("文件没有生成") && waits.contains("WM-1") && waits.contains("id=\"n-devices\""))
    world.roots.fail(nil)
    _ = try path(await world.post(lot + "/file", names))
    let first = try await world.get(lot + "/file")
    #expect(first.headers[.contentDisposition]?.contains("LINE-1-") == true)
    #expect(try await world.get(lot + "/file").body == first.body)
    let platform = try await world.provisioning.platformKey(by: world.principal)
    let entries = try ProvisioningBatch.open(
      Array(first.body.readableBytesView), station: Array("LINE-1".utf8),
      now: UInt64(world.fresh.clock.now.milliseconds / 1_000), platform: platform
    ) { try decryption.decrypt($0) }.entries
    #expect(entries.map { String(decoding: $0.holder.device, as: UTF8.self) } == ["WM-1", "WM-2"])
    let shown = try await world.get(lot).text
    #expect(shown.contains("离线文件") && !shown.contains("id=\"n-devices\""))
  }

  @Test("a key that leaked is marked with a reason, on its page and on the device's, and what to do next is said")
  func compromise() async throws {
    let world = try await World.make()
    let (_, lot) = try await factory(world)
    let id = try await world.device("LK-101").device.id
    #expect(try await world.get("/devices/\(id)?tab=keys").text.contains("此设备没有密钥"))
    try await provision(world, lot, "LK-101")
    let tab = try await world.get("/devices/\(id)?tab=keys").text
    #expect(tab.contains("/provisioning/keys/LK-101/compromise?from=\(id)") && tab.contains("已发行"))
    let question = try await world.get("/provisioning/keys/LK-101/compromise?from=\(id)", fragment: true)
    #expect(question.text.contains("name=\"from\" value=\"\(id)\""))
    let path = "/provisioning/keys/LK-101/compromise"
    #expect(try await world.post(path, "reason=").status == .unprocessableContent)
    let done = try await world.post(path, form(["reason": "门锁被拆", "from": id.description]))
    #expect(done.headers[.location] == "/devices/\(id)?tab=keys&done=compromise")
    let after = try await world.get("/devices/\(id)?tab=keys").text
    #expect(after.contains("门锁被拆") && after.contains("重新发行密钥") && !after.contains("/renew"))
    #expect(try await world.post(path, form(["reason": "再次"])).status == .notFound)
    world.fresh.clock.advance(by: .milliseconds(1))
    try await provision(world, lot, "LK-101")
    let again = try await world.get("/provisioning/keys/LK-101").text
    #expect(again.contains("以前的密钥") && again.contains("门锁被拆") && again.contains("已发行"))
    #expect(try await world.get("/provisioning/keys?state=compromised").text.contains("LK-101"))
    let csv = try await world.get("/provisioning/keys?format=csv").text
    #expect(csv.contains("门锁被拆") && csv.contains("SE-LK-101"))
  }

  @Test("all keys of a lot in wrong hands are withdrawn at once, and the lot is closed")
  func wholeLot() async throws {
    let world = try await World.make()
    let (_, lot) = try await factory(world)
    for device in ["LK-101", "LK-102"] { try await provision(world, lot, device) }
    _ = try path(await world.post(lot + "/compromise", form(["reason": "密钥文件外泄"])))
    #expect(try await world.get(lot).text.contains("已结束"))
    for device in ["LK-101", "LK-102"] {
      #expect(try await world.get("/provisioning/keys/\(device)").text.contains("密钥文件外泄"))
    }
  }

  @Test("what was agreed is shown: the renewal, and the session with its way")
  func agreed() async throws {
    let world = try await World.make()
    let (_, lot) = try await factory(world)
    try await provision(world, lot, "LK-101")
    let path = "/provisioning/keys/LK-101"
    #expect(try await world.get(path).text.contains("无：设备未连接"))
    let since = world.fresh.clock.now
    let epoch = KeyEpoch(at: UInt64(since.milliseconds / 1_000))
    world.provisioning.sessions.attach { device in
      device == "LK-101" ? KeySession(epoch: epoch, way: .ephemeral, since: since) : nil
    }
    let shown = try await world.get(path).text
    #expect(shown.contains("方式 b") && shown.contains(Formats().moment(since)))
  }

  @Test("who may only look is offered no act, and is refused one; who may not look sees no page and no link")
  func rights() async throws {
    let world = try await World.make()
    let (station, lot) = try await factory(world)
    try await provision(world, lot, "LK-101")
    for page in ["/provisioning", station, "/provisioning/lots", lot, "/provisioning/keys/LK-101"] {
      let shown = try await world.get(page, key: World.readerKey)
      #expect(shown.status == .ok && !shown.text.contains("btn-d"))
      #expect(!shown.text.contains("method=\"post\" action=\"/pro"), "\(page)")
    }
    for act in [station + "/block", lot + "/close", lot + "/compromise", "/provisioning/keys/LK-101/retire"] {
      #expect(try await world.get(act, key: World.readerKey).status == .forbidden, "\(act)")
      #expect(try await world.post(act, "reason=x", key: World.readerKey).status == .forbidden, "\(act)")
    }
    #expect(try await world.get(lot + "/file", key: World.readerKey).status == .forbidden)
    world.people.give(World.otherKey, world.fresh.principal([.estateRead, .alarmsRead]))
    for page in ["/provisioning", station, "/provisioning/lots", lot, "/provisioning/keys"] {
      #expect(try await world.get(page, key: World.otherKey).status == .forbidden, "\(page)")
    }
    #expect(try await !world.get("/help", key: World.otherKey).text.contains("href=\"/provisioning\""))
    #expect(try await world.get("/help", key: World.readerKey).text.contains("href=\"/provisioning\""))
  }

  @Test("long lists go on page by page")
  func pages() async throws {
    let world = try await World.make()
    for number in 1...27 {
      _ = try path(await add(world, "LINE-\(number)"))
      world.fresh.clock.advance(by: .milliseconds(1))
    }
    let first = try await world.get("/provisioning").text
    #expect(first.contains("LINE-27") && !first.contains(">LINE-2<"))
    let next = try #require(first.firstMatch(of: #/rel="next" href="([^"]+)"/#)?.output.1)
    let second = try await world.get(String(next).replacing("&amp;", with: "&")).text
    #expect(second.contains(">LINE-2<") && second.contains("回到最新"))
    #expect(try await world.get("/provisioning?format=csv").text.split(separator: "\r\n").count == 28)
  }
}
