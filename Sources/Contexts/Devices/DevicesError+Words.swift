import Kernel

extension DevicesError {
  struct Words {
    let code: String
    let reason: String
    let remedy: String

    init(_ code: String, _ reason: String, _ remedy: String) {
      self.code = code
      self.reason = reason
      self.remedy = remedy
    }
  }

  var words: Words {
    switch self {
    case .denied(let permission):
      Words("permission.missing", "The permission \(permission.rawValue) is missing.", "Ask an administrator for it.")
    case .unproven(let denied): Words(denied.code, denied.reason, denied.remedy)
    case .store(.full):
      Words("store.full", "The disk is full.", "Free disk space; the operator is told.")
    case .store(.unavailable):
      Words("store.unavailable", "The store is busy.", "Try again in a few seconds.")
    case .store(.broken):
      Words("store.broken", "The store failed.", "Tell the operator; the log has the details.")
    case .deviceUnknown, .modelUnknown, .commandUnknown, .certificateUnknown:
      unknownWords
    case .nameTaken, .modelTaken, .idempotencyKeyReused, .decommissioned, .stale, .tooManyCommands:
      conflictWords
    default:
      invalidWords
    }
  }

  private var unknownWords: Words {
    switch self {
    case .modelUnknown(let model):
      Words("model.unknown", "There is no thing model \(model).", "List the models and use one of them.")
    case .commandUnknown:
      Words("command.unknown", "There is no such command.", "Check its id; commands are listed with their device.")
    case .certificateUnknown:
      Words("certificate.unknown", "The device has no such certificate.", "Check the serial number.")
    default:
      Words("device.unknown", "There is no such device.", "Check its id; another organisation's devices are not shown.")
    }
  }

  private var conflictWords: Words {
    switch self {
    case .nameTaken(let name):
      Words(
        "device.nameTaken", "A device named \(name) is registered already.",
        "One device has one owner: check the serial, or ask the owner to transfer or decommission it.")
    case .modelTaken(let model):
      Words(
        "model.taken", "The thing model \(model) exists with another content.",
        "Raise its version: a version never changes once it is loaded.")
    case .idempotencyKeyReused:
      Words(
        "command.keyReused", "The idempotency key was used for another command.",
        "Use a new key for a new command.")
    case .stale(let current):
      Words("device.stale", "The record changed; it is at version \(current) now.", "Read it again and repeat.")
    case .tooManyCommands(let limit):
      Words(
        "command.tooMany", "\(limit) commands wait for this device already.",
        "Wait until it has taken some, or until they expire.")
    default:
      Words("device.decommissioned", "The device is out of service.", "Register its successor under its own name.")
    }
  }

  private var invalidWords: Words {
    switch self {
    case .modelInvalid(let path, let problem):
      Words("model.invalid", "The thing model is wrong at \(path): \(problem).", "Mend it by thing-model.schema.json.")
    case .nameInvalid(let name):
      Words(
        "device.nameInvalid", "\"\(name)\" is no device name.",
        "Use the serial: 1 to 64 characters of A-Z a-z 0-9 . _ -")
    case .fieldInvalid(let field, let problem):
      Words("device.fieldInvalid", "\(field): \(problem).", "Correct the field.")
    case .serviceUnknown(let service):
      Words("command.serviceUnknown", "The device has no service \(service).", "Its thing model lists its services.")
    case .propertyUnknown(let property):
      Words("property.unknown", "The device has no property \(property).", "Its thing model lists its properties.")
    case .propertyReadOnly(let property):
      Words("property.readOnly", "\(property) is measured, not set.", "Desire only properties marked writable.")
    case .argumentInvalid(let name, let problem):
      Words("command.argumentInvalid", "\(name): \(problem).", "The thing model gives type and range.")
    case .deadlineInvalid:
      Words("command.deadlineInvalid", "The deadline is out of range.", "Give 1 to 604800 seconds.")
    case .requestInvalid(let problem):
      Words(
        "certificate.requestInvalid", "The certificate request was refused: \(problem).",
        "Send a PEM request (PKCS #10) signed with its own P-256 or stronger key.")
    case .fileUnreadable(let problem):
      Words("file.unreadable", "The file cannot be read: \(problem).", "Save it as CSV in UTF-8.")
    case .fileTooLarge(let limit):
      Words("file.tooLarge", "The file has more than \(limit) lines.", "Split it.")
    case .cursorInvalid:
      Words("cursor.invalid", "The cursor was not given by this list.", "Begin again without a cursor.")
    case .rangeInvalid(let problem):
      Words("range.invalid", "The range is wrong: \(problem).", "Correct the range.")
    default:
      Words("request.invalid", "The request is wrong.", "Correct it.")
    }
  }
}
