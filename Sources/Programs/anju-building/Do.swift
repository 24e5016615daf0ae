import ArgumentParser
import Foundation
import NIOHTTP1
import VirtualBuilding

extension AnjuBuilding {
  /// Lets something happen to devices of a running building.
  struct Do: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Let something happen to devices of a running building.",
      usage: "anju-building do TARGET WORD [ARGUMENTS…]   e.g. do LK-0803 tamper, do floor:8 lose-network",
      discussion: "TARGET: a name, a name with *, floor:8, room:0803, all.\n\nWORD:\n"
        + Mischief.words.map { word in
          "  " + "\(word.name) \(word.arguments)".padding(toLength: 36, withPad: " ", startingAt: 0) + word.help
        }.joined(separator: "\n"))

    @Argument(help: "Which devices.")
    var target: String

    @Argument(help: "What happens.")
    var word: String

    @Argument(help: "Its arguments; a negative number after --.")
    var arguments: [String] = []

    @OptionGroup var control: ControlAddress

    func validate() throws {
      guard Mischief(word, arguments) != nil else {
        throw ValidationError("Unknown, or wrong arguments: \(word). See anju-building do --help.")
      }
    }

    func run() async throws {
      let body = try JSONEncoder().encode(["arguments": arguments])
      let path = "devices/\(ControlAddress.escaped(target))/\(word)"
      print(try await control.send(.POST, path, body: Array(body)))
    }
  }

  /// Lists the devices of a running building with their states.
  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List devices of a running building and their states.")

    @Argument(help: "Which devices: a name, a name with *, floor:8, room:0803, all.")
    var target = "all"

    @Flag(help: "The answer as it came, in JSON.")
    var json = false

    @OptionGroup var control: ControlAddress

    func run() async throws {
      let answer = try await control.send(.GET, "devices?target=\(ControlAddress.escaped(target))")
      if json { return print(answer) }
      let devices = try JSONDecoder().decode(DeviceTable.self, from: Data(answer.utf8)).devices
      for device in devices { print(device.line) }
    }
  }

  /// Prints the registry's batch.
  struct Plan: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the CSV by which a platform registers the devices.")

    @OptionGroup var size: BuildingSize

    func run() { print(size.plan.registryCSV, terminator: "") }
  }
}
