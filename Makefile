# Two commands for people; Meson does the work. `meson setup build && meson test -C build` works by
# itself. Each verb installs what it needs first (tools/setup) and is quick the second time.
BUILD ?= build
PREFIX ?= /usr/local
TARGET = meson compile -C $(BUILD)
.PHONY: help install dist demo live page npm page-bench test bench clean native

help:
	@echo 'make install PREFIX=folder   headers and libgyre, for pkg-config and CMake; $(PREFIX)'
	@echo 'make demo    loops that tune themselves on real files, then the page: $(BUILD)/web-demo/'
	@echo 'make live    the same loops until Ctrl-C; prints the address to watch and steer them at'
	@echo 'make page    only the page'
	@echo 'make npm     the package for Node and browsers: $(BUILD)/npm/'
	@echo 'make test    every suite of every language, the page in a browser, the checks'
	@echo 'make bench   the figures that the documents name: $(BUILD)/bench/results.json'
	@echo 'make dist    the source and single files, with checksums: $(BUILD)/dist/'
	@echo 'make page-bench  what the page costs a visitor: $(BUILD)/web-demo/bench.json'
	@echo 'make clean   removes $(BUILD)'

native:
	@tools/setup native
	@[ -f $(BUILD)/build.ninja ] || meson setup $(BUILD)

# Header and library folders as on every system, so that one line of a document is right everywhere.
# What is installed may be moved as a whole; DESTDIR goes before it. The loader knows of a new library
# in a folder of its own, as that of /usr/local is, once ldconfig has run.
install:
	@tools/setup library
	@[ -f $(BUILD)/build.ninja ] || meson setup $(BUILD)
	@meson configure $(BUILD) -Dprefix=$(abspath $(PREFIX)) -Dlibdir=lib
	@$(TARGET) library
	@meson install -C $(BUILD) --no-rebuild
	@[ -n "$(DESTDIR)" ] || [ "$$(id -u)" != 0 ] || ldconfig || true

demo: native
	@$(TARGET) demo
	@$(MAKE) --no-print-directory page

# Not through ninja, which would keep Ctrl-C and the output to itself.
live: native
	@$(TARGET) demo/gyre-demo
	@$(BUILD)/demo/gyre-demo --live 7777 --page web-demo/gyre.html --out $(BUILD)/live --tree .

# What is missing for the page is said by tools/setup in one line, and no failure of anything else.
page: native
	@if tools/setup page; then meson setup --reconfigure $(BUILD) >/dev/null && $(TARGET) page; fi

npm: native
	@tools/setup wasm
	@meson setup --reconfigure $(BUILD) >/dev/null && $(TARGET) npm

# Ten minutes, for a quiet machine.
page-bench: page
	@$(TARGET) page-bench

# Two suites more at a time than there are cores: many wait for a browser, a disk or a clock.
test:
	@tools/setup native tests page langs
	@if [ -f $(BUILD)/build.ninja ]; then meson setup --reconfigure $(BUILD); \
	else meson setup $(BUILD); fi
	@meson test -C $(BUILD) --print-errorlogs --num-processes $$(($$(nproc) + 2))

# A peer that cannot be installed is left out, and said.
bench: native
	@tools/setup bench || true
	@meson setup --reconfigure $(BUILD) >/dev/null && $(TARGET) bench

# What a release hands out, without a build.
dist:
	@tools/dist $(BUILD)/dist

clean:
	@rm -rf $(BUILD)
