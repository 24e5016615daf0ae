extension ThingModel {
  /// The type of a property, of an event's value or of a service's argument, with its range.
  package enum ValueType: Sendable, Hashable {
    case bool
    case integer(ClosedRange<Int64>)
    /// Scaled by 10^`scale` (1 to 9): 0.1 V with scale 1 is 1. The range is scaled too.
    case decimal(scale: Int, ClosedRange<Int64>)
    /// At most 64 values; the index is the value's place here.
    case enumeration([Choice])
    /// At most so many bytes of UTF-8, up to 1,024.
    case text(bytesMax: Int)
  }

  /// One value of an enumeration.
  package struct Choice: Sendable, Hashable {
    package let key: String
    package let name: LocalName

    package init(key: String, name: LocalName) {
      self.key = key
      self.name = name
    }
  }

  /// A named value: a property, an event's value, a service's argument.
  package struct Field: Sendable, Hashable {
    /// `batteryPercent`: 1 to 64 characters, a letter first, then letters and digits.
    package let key: String
    package let name: LocalName
    package let type: ValueType
    /// `V`, `Wh`, `m³`; empty without one.
    package let unit: String
    /// An argument that may be left out.
    package let optional: Bool

    package init(key: String, name: LocalName, type: ValueType, unit: String = "", optional: Bool = false) {
      self.key = key
      self.name = name
      self.type = type
      self.unit = unit
      self.optional = optional
    }
  }

  /// What a device tells over and over (属性).
  package struct Property: Sendable, Hashable {
    package let field: Field
    package let dataClass: DataClass
    /// Part of the twin: the platform may desire a value, the device reports the one it has.
    package let writable: Bool

    package var key: String { field.key }
    package var name: LocalName { field.name }
    package var type: ValueType { field.type }
    package var unit: String { field.unit }

    package init(field: Field, dataClass: DataClass, writable: Bool = false) {
      self.field = field
      self.dataClass = dataClass
      self.writable = writable
    }
  }

  /// What happens at a device (事件).
  package struct Event: Sendable, Hashable {
    package let key: String
    package let name: LocalName
    package let level: EventLevel
    package let values: [Field]
    /// The event that says that this one is over: `smokeAlarm` is over with `smokeAlarmCleared`.
    package let clearedBy: String?

    package init(key: String, name: LocalName, level: EventLevel, values: [Field] = [], clearedBy: String? = nil) {
      self.key = key
      self.name = name
      self.level = level
      self.values = values
      self.clearedBy = clearedBy
    }
  }

  /// What a device does when told (服务).
  package struct Service: Sendable, Hashable {
    package let key: String
    package let name: LocalName
    package let arguments: [Field]
    /// Refused by a device whose clock is not set, and never sent late: unlock, valve.
    package let dangerous: Bool
    /// Carries what opens something (a credential), so that it is protected like what is dangerous.
    package let protected: Bool
    /// 1 to 604,800.
    package let deadlineSecondsDefault: Int
    /// How the effect is proved; nil when the device's word is all there is.
    package let readBack: ReadBack?

    /// Whether it goes protected to a device that has keys.
    ///
    /// - Source: clauses 9.4 b and 9.4 e.
    package var isSensitive: Bool { dangerous || protected }

    package init(
      key: String, name: LocalName, arguments: [Field] = [], dangerous: Bool = false, protected: Bool = false,
      deadlineSecondsDefault: Int, readBack: ReadBack? = nil
    ) {
      self.key = key
      self.name = name
      self.arguments = arguments
      self.dangerous = dangerous
      self.protected = protected
      self.deadlineSecondsDefault = deadlineSecondsDefault
      self.readBack = readBack
    }
  }

  /// The property that proves a command's effect.
  package struct ReadBack: Sendable, Hashable {
    /// What must be read back for a command to count as done.
    package enum Expected: Sendable, Hashable {
      case value(PropertyValue)
      /// The value of the command's argument of this name.
      case argument(String)
    }

    package let property: String
    package let expected: Expected
    /// After the device said that it is done; 1 to 3,600.
    package let withinSeconds: Int

    package init(property: String, expected: Expected, withinSeconds: Int) {
      self.property = property
      self.expected = expected
      self.withinSeconds = withinSeconds
    }
  }
}
