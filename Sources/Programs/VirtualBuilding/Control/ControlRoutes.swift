import DeviceKit
import Foundation
import HTTPTypes
import Hummingbird

/// The routes of the control port.
struct ControlRoutes: Sendable {
  let building: VirtualBuilding

  /// A body of a request may be so long.
  static let bodyBytesMax = 4_096

  func router() -> Router<BasicRequestContext> {
    let router = Router()
    router.get("devices") { request, _ in
      let target = request.uri.queryParameters["target"].map { String($0) } ?? "all"
      let states = await building.list(target)
      if states.isEmpty { return Self.problem(.notFound, "no device is called \(target)") }
      return Self.json(DeviceList(devices: states.map(DeviceEntry.init)))
    }
    router.get("mischief") { _, _ in
      Self.json(
        WordList(words: Mischief.words.map { WordEntry(word: $0.name, arguments: $0.arguments, help: $0.help) }))
    }
    router.get("plan.csv") { _, _ in
      Response(
        status: .ok, headers: [.contentType: "text/csv; charset=utf-8"],
        body: .init(byteBuffer: ByteBuffer(string: building.plan.registryCSV)))
    }
    router.post("devices/{target}/{word}") { request, context in
      let target = context.parameters.get("target")?.removingPercentEncoding ?? ""
      let word = context.parameters.get("word") ?? ""
      let body = try await request.body.collect(upTo: Self.bodyBytesMax)
      guard let arguments = Self.arguments(body) else {
        return Self.problem(.badRequest, "the body is not {\"arguments\":[\"…\"]}")
      }
      guard let mischief = Mischief(word, arguments) else {
        return Self.problem(.badRequest, "unknown, or wrong arguments: \(word); see GET /mischief")
      }
      let results = await building.happen(mischief, to: target)
      if results.isEmpty { return Self.problem(.notFound, "no device is called \(target)") }
      return Self.json(ResultList(results: results.map { ResultEntry(device: $0.device, done: $0.isDone) }))
    }
    return router
  }
}
