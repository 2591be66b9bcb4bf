package report

// What the XML reader passes over: comments, processing instructions and the document type.

func (x *xmlReader) comment() error {
	for {
		x.span(charDash)
		b, err := x.at()
		switch {
		case err != nil:
			return err
		case b != '-': // more text
		case x.takes("-->"):
			return nil
		case x.takes("--"):
			return x.errorf("-- inside a comment")
		default:
			x.pos++
		}
	}
}

// instruction passes over a processing instruction or the XML declaration, whose encoding newInput has acted on.
func (x *xmlReader) instruction() error {
	x.scratch = x.scratch[:0]
	target, err := x.readName("processing instruction")
	if err != nil {
		return err
	}
	if string(target) == "xml" && x.rooted {
		return x.errorf("an XML declaration inside the document: two documents in one file?")
	}
	for {
		x.span(charQuestion)
		b, err := x.at()
		switch {
		case err != nil:
			return err
		case b != '?': // more text
		case x.takes("?>"):
			return nil
		default:
			x.pos++
		}
	}
}

// doctype passes over a document type that only names one. Nothing it names is opened.
func (x *xmlReader) doctype() error {
	if x.rooted {
		return x.errorf("a DOCTYPE after the root element began")
	}
	var quote byte // that ends the current literal; 0 outside
	for {
		x.span(charSubset | charGreater | charDoubleQuote | charSingleQuote)
		b, err := x.at()
		switch {
		case err != nil:
			return err
		case b == 0: // more text
			continue
		case b == quote:
			quote = 0
		case quote != 0: // inside a literal
		case b == '[':
			return x.errorf("the DOCTYPE declares entities or elements, which a report has no need of: refused")
		case b == '>':
			x.pos++
			return nil
		default:
			quote = b
		}
		x.pos++
	}
}
