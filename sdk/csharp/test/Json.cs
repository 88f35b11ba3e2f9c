using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Countersign.Test
{
    using Members = Dictionary<string, object>;

    /// <summary>Reads JSON as it is written: an integer is a long, any other number a double, a text may hold half a surrogate pair.</summary>
    internal sealed class Json
    {
        private readonly string text;
        private int at;

        private Json(string text)
        {
            this.text = text;
        }

        internal static object Read(string text)
        {
            var json = new Json(text);
            object value = json.Value();
            if (json.Peek() != '\0')
            {
                throw new FormatException("something after the value");
            }
            return value;
        }

        private char Peek()
        {
            while (at < text.Length && " \t\r\n".IndexOf(text[at]) >= 0)
            {
                at++;
            }
            return at < text.Length ? text[at] : '\0';
        }

        private void Take(char c)
        {
            if (Peek() != c)
            {
                throw new FormatException("not JSON at " + at);
            }
            at++;
        }

        private object Value()
        {
            switch (Peek())
            {
                case '{': return Object();
                case '[': return List();
                case '"': return String();
                default: return Word();
            }
        }

        private Members Object()
        {
            var members = new Members();
            Take('{');
            while (Peek() != '}')
            {
                string name = String();
                Take(':');
                members.Add(name, Value());
                if (Peek() != '}')
                {
                    Take(',');
                }
            }
            Take('}');
            return members;
        }

        private List<object> List()
        {
            var items = new List<object>();
            Take('[');
            while (Peek() != ']')
            {
                items.Add(Value());
                if (Peek() != ']')
                {
                    Take(',');
                }
            }
            Take(']');
            return items;
        }

        private string String()
        {
            var read = new StringBuilder();
            Take('"');
            for (; text[at] != '"'; at++)
            {
                if (text[at] != '\\')
                {
                    read.Append(text[at]);
                    continue;
                }
                char c = text[++at];
                int known = "bfnrt".IndexOf(c);
                if (c == 'u')
                {
                    read.Append((char)int.Parse(text.Substring(at + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
                    at += 4;
                }
                else
                {
                    read.Append(known < 0 ? c : "\b\f\n\r\t"[known]);
                }
            }
            at++;
            return read.ToString();
        }

        private object Word()
        {
            int from = at;
            while (at < text.Length && ",]} \t\r\n".IndexOf(text[at]) < 0)
            {
                at++;
            }
            string word = text.Substring(from, at - from);
            switch (word)
            {
                case "null": return null;
                case "true": return true;
                case "false": return false;
            }
            if (Regex.IsMatch(word, "^(-?[1-9][0-9]{0,17}|0)$"))
            {
                return long.Parse(word, CultureInfo.InvariantCulture);
            }
            double number;
            return double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out number) ? number : double.PositiveInfinity;
        }
    }
}
