# What a test program links: sandbox::gtest, and sandbox::gtest_main for one without a main() of its own.
# Compiled with the program itself, so that it fits its GoogleTest and its flags. Needs the target GTest::gtest.
add_library(sandbox_gtest INTERFACE)
add_library(sandbox::gtest ALIAS sandbox_gtest)
target_sources(sandbox_gtest INTERFACE ${CMAKE_CURRENT_LIST_DIR}/channel.cpp ${CMAKE_CURRENT_LIST_DIR}/listener.cpp)
target_include_directories(sandbox_gtest INTERFACE ${CMAKE_CURRENT_LIST_DIR})
target_link_libraries(sandbox_gtest INTERFACE GTest::gtest)
target_compile_features(sandbox_gtest INTERFACE cxx_std_14)
# Linked through a static library, an object that nobody names would be left out.
target_link_options(sandbox_gtest INTERFACE LINKER:-u,sandbox_gtest_listener)

add_library(sandbox_gtest_main INTERFACE)
add_library(sandbox::gtest_main ALIAS sandbox_gtest_main)
target_link_libraries(sandbox_gtest_main INTERFACE sandbox_gtest GTest::gtest_main)
