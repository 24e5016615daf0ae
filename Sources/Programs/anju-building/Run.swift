import ArgumentParser
import DeviceKit
import Foundation
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import UnixSignals
import VirtualBuilding

extension AnjuBuilding {
  /// Runs the building until interrupted.
  struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Run the building until interrupted.")

    @Option(help: "The platform's MQTT address.")
    var platform = "127.0.0.1:8883"

    @Option(help: "Folder of the certificates: ca.crt, and NAME.crt with NAME.key for each device.")
    var credentials: String?

    @Flag(help: "Speak without TLS and without certificates; for a bench.")
    var plain = false

    @Option(help: "File that holds every device's memory.")
    var memory = "building.db"

    @OptionGroup var size: BuildingSize

    @Option(help: "Port of the control interface on 127.0.0.1; 0 takes any.")
    var control = 8090

    @Option(help: "How many times faster than real time the devices live, 1 to 86400.")
    var speed: Int64 = 1

    @Option(help: "MQTT version: 5 or 3.1.1.")
    var mqtt = "5"

    @Option(help: "Milliseconds over which the first connections are spread.")
    var spread: Int64 = 3_000

    @Option(help: "Socket of the rack of secure elements that holds the devices' keys.")
    var element: String?

    @Flag(help: "End when the standard input ends: for the program that started this one.")
    var untilInputEnds = false

    @Option(help: "Log level: debug, info, warning, error.")
    var log = "info"

    func validate() throws {
      guard credentials != nil || plain else { throw ValidationError("Give --credentials DIR, or --plain.") }
      guard mqtt == "5" || mqtt == "3.1.1" else { throw ValidationError("--mqtt is 5 or 3.1.1.") }
      guard (1...86_400).contains(speed) else { throw ValidationError("--speed is 1 to 86400.") }
      guard Logger.Level(rawValue: log) != nil else { throw ValidationError("--log is debug, info, warning or error.") }
      guard Self.address(platform) != nil else { throw ValidationError("--platform is HOST:PORT.") }
    }

    func run() async throws {
      guard let (host, port) = Self.address(platform) else { throw ValidationError("--platform is HOST:PORT.") }
      var logger = Logger(label: "anju-building")
      logger.logLevel = Logger.Level(rawValue: log) ?? .info
      var options = VirtualBuilding.Options(host: host, port: port)
      options.version = mqtt == "5" ? .v5 : .v311
      options.startSpreadMilliseconds = spread
      options.elementSocket = element
      let clock = VirtualClock(
        speed: speed, wallMilliseconds: Int64(Date().timeIntervalSince1970 * 1_000),
        realMilliseconds: { Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000) })
      let building = try VirtualBuilding(
        plan: size.plan, options: options,
        folder: plain ? nil : credentials.map { BuildingFolder(URL(fileURLWithPath: $0)) }, flashPath: memory,
        clock: clock, group: MultiThreadedEventLoopGroup.singleton, logger: logger)
      let server = ControlServer(building: building, port: control, logger: logger) { port in
        // Not `print`: into a pipe it would stay in the buffer.
        FileHandle.standardOutput.write(Data("control: http://127.0.0.1:\(port)\n".utf8))
      }
      let services = ServiceGroup(
        services: [building, server], gracefulShutdownSignals: [.sigint, .sigterm], logger: logger)
      if untilInputEnds { Self.end(services) }
      try await services.run()
    }

    /// Ends the services when the standard input does; a thread of its own waits for that.
    private static func end(_ services: ServiceGroup) {
      Thread.detachNewThread {
        while !FileHandle.standardInput.availableData.isEmpty {}
        Task { await services.triggerGracefulShutdown() }
      }
    }

    static func address(_ text: String) -> (host: String, port: Int)? {
      guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
        (1...65_535).contains(port), colon > text.startIndex
      else { return nil }
      return (text[..<colon].trimmingCharacters(in: CharacterSet(charactersIn: "[]")), port)
    }
  }
}

/// How large the building is, and what decides its chance.
struct BuildingSize: ParsableArguments {
  @Option(help: "Floors, 1 to 99.")
  var floors = 12

  @Option(help: "Rooms on each floor, 1 to 99.")
  var rooms = 14

  @Option(help: "All chance follows from this number.")
  var seed: UInt64 = 1

  var plan: BuildingPlan { BuildingPlan(floors: floors, roomsPerFloor: rooms, seed: seed) }
}
