import Glibc
import SecureElement
import SoftElement

/// The software secure element: a process that keeps a device's keys and nothing else.
///
/// It reads its arguments by hand: what a process that holds keys does not link can not go wrong in it.
@main
struct AnjuElement {
  private static let usage = """
    usage: anju-element serve --folder FOLDER --secret FILE (--socket PATH [--user UID] | --pipes)
                              [--check-first] [--check-every SECONDS]
           anju-element rack --folder FOLDER --secret FILE --names FILE --socket PATH [--user UID]
                             [--check-after SECONDS] [--check-every SECONDS] [--until-input-ends]
           anju-element prove open|execute|fault

      --folder       where the keys lie, sealed; made when it is not there
      --secret       the device secret, 32 bytes; made when it is not there. Keep it where the folder is not.
      --user         whose programs may call; without it those of the element's own user
      --check-first  all 15 tests of 20 million random bits before the first call is taken; without it meanwhile
      --names        of the elements of a rack, one a line: a virtual building's devices in one process
      --check-after  seconds that the power-on check waits, 0 to 3600
      --until-input-ends  end with the standard input too
      --check-every  seconds between two periodic checks, 1 to 43200; 3600 without it

    """

  static func main() {
    var arguments = Array(CommandLine.arguments.dropFirst())
    switch arguments.isEmpty ? "" : arguments.removeFirst() {
    case "serve", "rack":
      guard let program = program(arguments, isRack: CommandLine.arguments[1] == "rack") else { end(usage, status: 64) }
      do throws(SecureElementError) {
        try program.run()
      } catch {
        end("anju-element: ended: \(error) (\(error.rawValue))\n", status: 1)
      }
    case "prove":
      guard arguments.count == 1, let proof = ElementProgram.Proof(rawValue: arguments[0]) else {
        end(usage, status: 64)
      }
      try? ElementProgram.prove(proof)
      end("anju-element: it could be done\n", status: 1)
    default: end(usage, status: 64)
    }
  }

  /// - Returns: nil for arguments that are unknown, missing or given twice.
  private static func program(_ arguments: [String], isRack: Bool) -> ElementProgram? {
    var values: [String: String] = [:]
    var rest = arguments[...]
    while let name = rest.popFirst() {
      guard values[name] == nil else { return nil }
      switch name {
      case "--pipes", "--check-first": values[name] = ""
      case "--until-input-ends" where isRack: values[name] = ""
      case "--names" where isRack, "--check-after" where isRack:
        guard let value = rest.popFirst() else { return nil }
        values[name] = value
      case "--folder", "--secret", "--socket", "--user", "--check-every":
        guard let value = rest.popFirst() else { return nil }
        values[name] = value
      default: return nil
      }
    }
    guard let folder = values["--folder"], let secret = values["--secret"],
      (values["--socket"] == nil) != (values["--pipes"] == nil)
    else { return nil }
    let door = values["--socket"].map { ElementProgram.Door.socket($0) } ?? .pipes
    var program = ElementProgram(folder: folder, secret: secret, door: door)
    program.checksFirst = values["--check-first"] != nil
    if isRack {
      guard let names = values["--names"].flatMap(text), values["--pipes"] == nil,
        let seconds = Int(values["--check-after"] ?? "0"), (0...3_600).contains(seconds)
      else { return nil }
      program.rackNames = names
      program.checkDelaySeconds = seconds
      program.endsWithInput = values["--until-input-ends"] != nil
    }
    if let text = values["--user"] {
      guard let user = UInt32(text) else { return nil }
      program.user = user
    }
    if let text = values["--check-every"] {
      guard let seconds = Int(text), (1...43_200).contains(seconds) else { return nil }
      program.checkPeriodSeconds = seconds
    }
    return program
  }

  /// A file of at most 256 KiB.
  private static func text(_ path: String) -> String? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 256 << 10)
    let count = read(file, &bytes, bytes.count)
    return count < 0 ? nil : String(validating: bytes[..<count], as: UTF8.self)
  }

  private static func end(_ text: String, status: Int32) -> Never {
    _ = text.withCString { write(2, $0, strlen($0)) }
    exit(status)
  }
}
