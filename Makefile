# Two commands for people; Meson does the work. `meson setup build && meson test -C build` works by
# itself. Each verb installs what it needs first (tools/setup) and is quick the second time.
BUILD ?= build
TARGET = meson compile -C $(BUILD)
.PHONY: help demo page test bench clean native

help:
	@echo 'make demo    loops that tune themselves on real files, then the page: $(BUILD)/web-demo/'
	@echo 'make page    only the page'
	@echo 'make test    every suite of every language, the page in a browser, the checks'
	@echo 'make bench   the figures that the documents name: $(BUILD)/bench/results.json'
	@echo 'make clean   removes $(BUILD)'

native:
	@tools/setup native
	@[ -f $(BUILD)/build.ninja ] || meson setup $(BUILD)

demo: native
	@$(TARGET) demo
	@$(MAKE) --no-print-directory page

# What is missing for the page is said by tools/setup in one line, and no failure of anything else.
page: native
	@if tools/setup page; then meson setup --reconfigure $(BUILD) >/dev/null && $(TARGET) page; fi

test:
	@tools/setup native tests page langs
	@if [ -f $(BUILD)/build.ninja ]; then meson setup --reconfigure $(BUILD); \
	else meson setup $(BUILD); fi
	@meson test -C $(BUILD) --print-errorlogs

# A peer that cannot be installed is left out, and said.
bench: native
	@tools/setup bench || true
	@meson setup --reconfigure $(BUILD) >/dev/null && $(TARGET) bench

clean:
	@rm -rf $(BUILD)
