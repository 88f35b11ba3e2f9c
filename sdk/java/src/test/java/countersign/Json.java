package countersign;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads JSON as it is written: an integer is a Long, any other number a Double, a text may hold half a surrogate pair. */
final class Json {
  private final String text;
  private int at;

  private Json(String text) {
    this.text = text;
  }

  static Object read(String text) {
    Json json = new Json(text);
    Object value = json.value();
    if (json.peek() != 0) {
      throw new IllegalStateException("something after the value");
    }
    return value;
  }

  private char peek() {
    while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
    return at < text.length() ? text.charAt(at) : 0;
  }

  private void take(char c) {
    if (peek() != c) {
      throw new IllegalStateException("not JSON at " + at);
    }
    at++;
  }

  private Object value() {
    switch (peek()) {
      case '{':
        return object();
      case '[':
        return list();
      case '"':
        return string();
      default:
        return word();
    }
  }

  private Map<String, Object> object() {
    Map<String, Object> members = new LinkedHashMap<>();
    take('{');
    while (peek() != '}') {
      String name = string();
      take(':');
      if (members.containsKey(name)) {
        throw new IllegalStateException("twice: " + name);
      }
      members.put(name, value());
      if (peek() != '}') {
        take(',');
      }
    }
    take('}');
    return members;
  }

  private List<Object> list() {
    List<Object> items = new ArrayList<>();
    take('[');
    while (peek() != ']') {
      items.add(value());
      if (peek() != ']') {
        take(',');
      }
    }
    take(']');
    return items;
  }

  private String string() {
    StringBuilder out = new StringBuilder();
    take('"');
    for (; text.charAt(at) != '"'; at++) {
      char c = text.charAt(at);
      if (c != '\\') {
        out.append(c);
        continue;
      }
      c = text.charAt(++at);
      if (c == 'u') {
        out.append((char) Integer.parseInt(text.substring(at + 1, at + 5), 16));
        at += 4;
      } else {
        int known = "bfnrt".indexOf(c);
        out.append(known < 0 ? c : "\b\f\n\r\t".charAt(known));
      }
    }
    at++;
    return out.toString();
  }

  private Object word() {
    int from = at;
    while (at < text.length() && ",]} \t\r\n".indexOf(text.charAt(at)) < 0) {
      at++;
    }
    String word = text.substring(from, at);
    switch (word) {
      case "null":
        return null;
      case "true":
      case "false":
        return word.equals("true");
      default:
        return word.matches("-?[1-9][0-9]{0,17}|0") ? (Object) Long.valueOf(word) : (Object) Double.valueOf(word);
    }
  }
}
