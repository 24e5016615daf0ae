import Devices
import Estate
import HTTPTypes
import HummingbirdTesting
import Kernel
import TestSupport
import Testing

@testable import OpenAPI

@Suite("Devices over HTTP")
struct DevicesRoutesTests {
  @Test("a device is registered, found, changed by its version and taken out of service", .clause("5.1b1", "7.3.2d"))
  func registry() async throws {
    let scene = try await Scene()
    try await scene.application().test(.router) { client in
      let new = #"{"name":"LK-1203","model":"lock.basic","labels":["东侧"]}"#
      let made = try await client.send(.post, "/api/v1/devices", .key("all"), new)
      #expect(made.status == .created)
      let path = try #require(made.headers[.location])
      let twice = try await client.send(.post, "/api/v1/devices", .key("stranger"), new)
      #expect(twice.problemCode == "device.nameTaken")
      let list = try await client.send(.get, "/api/v1/devices?text=lk-12&kind=lock").json()
      guard case .array(let items)? = list["items"] else { throw Problem.broken }
      #expect(items.first?["device"]?["name"]?.text == "LK-1203")
      var headers = HTTPFields.key("all")
      headers[.ifMatch] = try await client.send(.get, path).headers[.eTag]
      let changed = try await client.send(.patch, path, headers, #"{"labels":["西侧"],"room":null}"#)
      #expect(changed.status == .ok)
      let stale = try await client.send(.patch, path, headers, #"{"labels":[]}"#)
      #expect(stale.status == .preconditionFailed)
      let foreign = try await client.send(.get, path, .key("stranger"))
      #expect(foreign.status == .notFound)
      let gone = try await client.send(.post, "\(path)/decommission")
      #expect(try gone.json()["status"]?.text == "decommissioned")
    }
  }

  @Test("a CSV file is registered line by line, with a report of each")
  func batch() async throws {
    let scene = try await Scene()
    try await scene.application().test(.router) { client in
      var headers = HTTPFields.key("all")
      headers[.contentType] = "text/csv"
      let csv = "name,model,room,gateway,labels\nLK-1,lock.basic,,,\nLK-2,no.such,,,\nLK-1,lock.basic,,,\n"
      let report = try await client.send(.post, "/api/v1/device-batches", headers, csv).json()
      #expect(report["registered"] == 1)
      #expect(report["refused"] == 2)
      guard case .array(let lines)? = report["lines"] else { throw Problem.broken }
      #expect(lines.map { $0["line"] } == [2, 3, 4])
      #expect(lines.compactMap { $0["outcome"]?.text } == ["registered", "refused", "refused"])
      let again = try await client.send(.post, "/api/v1/device-batches", headers, "name,model\nLK-1,lock.basic\n")
      #expect(try again.json()["unchanged"] == 1)
    }
  }

  @Test("the twin's desired part changes by its version")
  func twin() async throws {
    let scene = try await Scene()
    try await scene.application().test(.router) { client in
      let made = try await client.send(
        .post, "/api/v1/devices", .key("all"), #"{"name":"LK-1","model":"lock.basic"}"#)
      let path = try #require(made.headers[.location])
      let twin = try await client.send(.get, "\(path)/twin")
      guard case .array(let entries)? = try twin.json()["entries"], let property = entries.first?["property"]?.text
      else { throw Problem.broken }
      var headers = HTTPFields.key("all")
      headers[.ifMatch] = twin.headers[.eTag]
      let wrong = try await client.send(.patch, "\(path)/twin", headers, #"{"desired":{"noSuch":1}}"#)
      #expect(wrong.problemCode == "property.unknown")
      let nothing = try await client.send(.patch, "\(path)/twin", headers, #"{"desired":{"\#(property)":null}}"#)
      #expect(nothing.status == .ok)
    }
  }

  @Test("a command needs an idempotency key, and the same key is the same command")
  func command() async throws {
    let scene = try await Scene()
    try await scene.application().test(.router) { client in
      let made = try await client.send(
        .post, "/api/v1/devices", .key("all"), #"{"name":"LK-1","model":"lock.basic"}"#)
      let path = try #require(made.headers[.location])
      let body = #"{"service":"unlock","arguments":{"seconds":5}}"#
      let missing = try await client.send(.post, "\(path)/commands", .key("all"), body)
      #expect(missing.problemCode == "parameter.invalid")
      var headers = HTTPFields.key("all")
      headers[.idempotencyKey] = "7b1e"
      let first = try await client.send(.post, "\(path)/commands", headers, body)
      #expect(first.status == .accepted)
      let second = try await client.send(.post, "\(path)/commands", headers, body)
      #expect(try second.json()["id"] == first.json()["id"])
      let other = try await client.send(
        .post, "\(path)/commands", headers, #"{"service":"unlock","arguments":{"seconds":6}}"#)
      #expect(other.problemCode == "command.keyReused")
      let place = try #require(first.headers[.location])
      let one = try await client.send(.get, place)
      #expect(try one.json()["state"]?.text == "queued")
      let list = try await client.send(.get, "/api/v1/commands?state=queued").json()
      guard case .array(let items)? = list["items"] else { throw Problem.broken }
      #expect(items.count == 1)
    }
  }

  @Test("every thing model of the platform is shown in its schema")
  func models() async throws {
    let scene = try await Scene()
    try await scene.application().test(.router) { client in
      let response = try await client.send(.get, "/api/v1/thing-models")
      #expect(response.status == .ok)
      guard case .array(let items)? = try response.json()["items"] else { throw Problem.broken }
      #expect(items.count >= 7)
      let one = try await client.send(.get, "/api/v1/thing-models/lock.basic?version=1")
      #expect(try one.json()["kind"]?.text == "lock")
    }
  }

  @Test("a certificate's list and the revocation list are served")
  func certificates() async throws {
    let scene = try await Scene()
    try await scene.application().test(.router) { client in
      let made = try await client.send(
        .post, "/api/v1/devices", .key("all"), #"{"name":"LK-1","model":"lock.basic"}"#)
      let path = try #require(made.headers[.location])
      let list = try await client.send(.get, "\(path)/certificates").json()
      #expect(list["items"] == .array([]))
      let wrong = try await client.send(.post, "\(path)/certificates", .key("all"), #"{"requestPEM":"nonsense"}"#)
      #expect(wrong.problemCode == "certificate.requestInvalid")
      let forged = try TestRequests.forged(try TestRequests.tls("LK-1")).replacing("\n", with: "\\n")
      let refused = try await client.send(
        .post, "\(path)/certificates", .key("all"), "{\"requestPEM\":\"\(forged)\"}")
      #expect(refused.status == .unprocessableContent && refused.problemCode == "certificate.requestInvalid")
      let revoked = try await client.send(.get, "/api/v1/revocation-list")
      #expect(revoked.headers[.contentType] == "application/pkix-crl")
    }
  }
}
