import Foundation
import Testing

@testable import Server

@Suite("Settings of a server")
struct ServerConfigurationTests {
  private let folder = URL(fileURLWithPath: "/srv/anju", isDirectory: true)

  private func read(
    _ options: [ServerConfiguration.Key: String] = [:], _ environment: [String: String] = [:]
  ) throws(ConfigurationError) -> ServerConfiguration {
    try ServerConfiguration.read(options: options, environment: environment, currentFolder: folder)
  }

  @Test("without any setting it listens on loopback only and keeps its data under .anju")
  func defaults() throws {
    let settings = try read()
    #expect(settings.listenAddress == "127.0.0.1")
    #expect(settings.httpPort == 8_443)
    #expect(settings.mqttPort == 8_883)
    #expect(settings.dataFolder.path == "/srv/anju/.anju/data")
    #expect(settings.zoneMinutes == 480)
    #expect(settings.postgres == nil)
  }

  @Test("the public address is an address and nothing behind it")
  func publicAddress() throws {
    #expect(try read().publicAddress == nil)
    for text in ["https://anju.example.com", "http://10.0.0.8:8080", "https://[fd00::1]:8443"] {
      #expect(try read([.publicAddress: text + "/"]).publicAddress == text)
      #expect(try read([:], ["ANJU_PUBLIC_ADDRESS": text]).publicAddress == text)
    }
  }

  @Test("the option wins over the environment")
  func optionWins() throws {
    let settings = try read([.httpPort: "9000"], ["ANJU_HTTP_PORT": "9001", "ANJU_MQTT_PORT": "9002"])
    #expect(settings.httpPort == 9_000)
    #expect(settings.mqttPort == 9_002)
  }

  @Test("an unknown variable that begins with ANJU_ stops the start with its name")
  func unknown() {
    #expect(throws: ConfigurationError.self) { try read([:], ["ANJU_HTPP_PORT": "1"]) }
    do {
      _ = try read([:], ["ANJU_HTPP_PORT": "1"])
    } catch {
      #expect(error.description.contains("ANJU_HTPP_PORT is not a setting"))
    }
  }

  @Test(
    "a value out of range stops the start with the setting's name",
    arguments: [
      (ServerConfiguration.Key.httpPort, "70000"), (.mqttPort, "-1"), (.mqttPort, "mqtt"), (.logLevel, "loud"),
      (.zoneMinutes, "900"), (.publicAddress, "anju.example.com"), (.publicAddress, "ftp://anju.example.com"),
      (.publicAddress, "https://anju.example.com/x"), (.publicAddress, "https://"),
    ])
  func outOfRange(key: ServerConfiguration.Key, value: String) {
    do {
      _ = try read([key: value])
      Issue.record("\(key) took \(value)")
    } catch {
      #expect(error.name == key.environmentName)
      #expect(error.description.contains(value))
    }
  }

  @Test("a wrong connection string's password is not printed")
  func secret() {
    let error = ConfigurationError(key: .postgres, value: "password=geheim", expected: "a connection string")
    #expect(!error.description.contains("geheim"))
  }
}
